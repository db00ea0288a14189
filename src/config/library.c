#include "polytree/config/library.h"

#include <stddef.h>

/* Neither inih's header nor its code knows the version: pkg-config did at the build. */
const char *pt_config_library(void)
{
    return sizeof PT_INIH_VERSION > 1 ? "inih " PT_INIH_VERSION
                                      : "inih (of a version that the build did not know)";
}
