/*
 * A driver of HDF5's that only reads.
 *
 * The library's own drivers keep recent metadata in an accumulator, whose sums of address
 * and size wrap for addresses near 2^64, as damaged files have them, so that it copies from
 * wherever that leads (1.10.8).  Without the accumulator each access comes here and is
 * checked.  As a driver never shares its files, neither is what an earlier failure left
 * open of a file met again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/base/memory.h"
#include "io/h5.h"

typedef struct reader {
    H5FD_t base; /* the library's part, first */
    int fd;
    haddr_t eoa, eof;
} reader_t;

/* Offsets of files have a sign. */
#define MAX_ADDRESS ((haddr_t)INT64_MAX)

static H5FD_t *open_reader(const char *name, unsigned flags, hid_t list, haddr_t max)
{
    struct stat info;
    (void)list;
    (void)max;
    reader_t *r = NULL;
    if ((flags & H5F_ACC_RDWR) || pt_alloc(&r, 1, sizeof *r) != PT_OK)
        return NULL;
    r->fd = open(name, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &info) != 0) {
        if (r->fd >= 0)
            close(r->fd);
        pt_free(r);
        return NULL;
    }
    r->eof = (haddr_t)info.st_size;
    return &r->base;
}

static herr_t close_reader(H5FD_t *file)
{
    reader_t *r = (reader_t *)file;
    int failed = close(r->fd);
    pt_free(r);
    return failed;
}

static herr_t query(const H5FD_t *file, unsigned long *flags)
{
    (void)file;
    *flags = H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

static haddr_t get_eoa(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const reader_t *)file)->eoa;
}

static herr_t set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    ((reader_t *)file)->eoa = address;
    return 0;
}

static haddr_t get_eof(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const reader_t *)file)->eof;
}

/* What lies past the end of the file is zero, as with the library's own drivers. */
static herr_t read_bytes(H5FD_t *file, H5FD_mem_t type, hid_t list, haddr_t address,
                         size_t bytes, void *out)
{
    reader_t *r = (reader_t *)file;
    char *to = out;
    (void)type;
    (void)list;
    if (address > r->eoa || bytes > r->eoa - address)
        return -1;
    while (bytes > 0) {
        ssize_t got = pread(r->fd, to, bytes, (off_t)address);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        to += got;
        address += (haddr_t)got;
        bytes -= (size_t)got;
    }
    memset(to, 0, bytes);
    return 0;
}

static herr_t write_nothing(H5FD_t *file, H5FD_mem_t type, hid_t list, haddr_t address,
                            size_t bytes, const void *from)
{
    (void)file;
    (void)type;
    (void)list;
    (void)address;
    (void)bytes;
    (void)from;
    return -1;
}

hid_t pt_h5_reader(void)
{
    static const H5FD_class_t reader = {.name = "polytree reader",
                                        .maxaddr = MAX_ADDRESS,
                                        .fc_degree = H5F_CLOSE_STRONG,
                                        .open = open_reader,
                                        .close = close_reader,
                                        .query = query,
                                        .get_eoa = get_eoa,
                                        .set_eoa = set_eoa,
                                        .get_eof = get_eof,
                                        .read = read_bytes,
                                        .write = write_nothing,
                                        .fl_map = H5FD_FLMAP_DICHOTOMY};
    /* Once: closing a file reads its driver's entry after giving it back. */
    static hid_t registered = H5I_INVALID_HID;
    if (registered < 0)
        registered = H5FDregister(&reader);
    return registered;
}
