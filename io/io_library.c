/* The versions of HDF5, zlib and the other libraries that read and write files. */
#include "polytree/io/io_library.h"

#include <archive.h>
#include <hdf5.h>
#include <jansson.h>
#include <jconfig.h>
#include <png.h>
#include <stdio.h>
#include <zlib.h>

/* It is no text in jconfig.h. */
#define VERSION_OF(version) TEXT_OF(version)
#define TEXT_OF(version) #version

static const char *hdf5_version(void)
{
    static char text[64];
    unsigned major, minor, release;
    if (H5get_libversion(&major, &minor, &release) < 0)
        return "HDF5 (unknown)";
    snprintf(text, sizeof text, "HDF5 %u.%u.%u", major, minor, release);
    return text;
}

const char *pt_io_library(int32_t i)
{
    static char zlib[32], png[32];
    switch (i) {
    case 0:
        return hdf5_version();
    case 1:
        snprintf(zlib, sizeof zlib, "zlib %s", zlibVersion());
        return zlib;
    case 2:
        snprintf(png, sizeof png, "libpng %s", png_get_libpng_ver(NULL));
        return png;
    case 3:
        return "jansson " JANSSON_VERSION;
    case 4:
        return archive_version_string();
    case 5:
        return "libjpeg-turbo " VERSION_OF(LIBJPEG_TURBO_VERSION);
    default:
        return NULL;
    }
}
