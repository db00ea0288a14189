/* The versions of the libraries that make hashes and random numbers. */
#include "polytree/base/base_library.h"

#include <stddef.h>
#include <stdio.h>
#include <xxhash.h>

const char *pt_base_library(int32_t i)
{
    static char text[32];
    unsigned version = XXH_versionNumber();
    switch (i) {
    case 0:
        snprintf(text, sizeof text, "xxHash %u.%u.%u", version / 10000, version / 100 % 100,
                 version % 100);
        return text;
    case 1:
        return "Random123 (headers, which name no version)";
    default:
        return NULL;
    }
}
