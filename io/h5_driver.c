/*
 * Drivers of HDF5's: one that only reads, one that writes a new file.
 *
 * The library does not survive a write that fails, so that it gets to see none: the first
 * failure is kept for who finishes the file, and nothing is written from then on.
 *
 * For reading, the library's own drivers keep recent metadata in an accumulator, whose sums
 * of address and size wrap for addresses near 2^64, as damaged files have them, so that it
 * copies from wherever that leads (1.10.8).  Without the accumulator each access comes here
 * and is checked.  As a driver never shares its files, neither is what an earlier failure
 * left open of a file met again.  A file that has a seal is one of what was sealed, and
 * each read is held against it before the library sees a byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/base/memory.h"
#include "io/h5.h"
#include "io/seal.h"

typedef struct open_file {
    H5FD_t base; /* the library's part, first */
    int fd;
    pt_seal_t seal; /* of one that is read */
    bool is_written;
    haddr_t eoa, eof;
} open_file_t;

/* errno of the first failure of the file that is written; one is at a time. */
static int write_error;

/* What is read of a file that cannot be opened is judged after it is gone. */
static pt_seal_t seal_of_last;

/* Offsets of files have a sign. */
#define MAX_ADDRESS ((haddr_t)INT64_MAX)

static H5FD_t *open_with(const char *name, int how)
{
    struct stat info;
    open_file_t *f = NULL;
    if (pt_alloc(&f, 1, sizeof *f) != PT_OK) {
        errno = ENOMEM;
        return NULL;
    }
    f->fd = open(name, how | O_CLOEXEC, 0666);
    if (f->fd < 0 || fstat(f->fd, &info) != 0) {
        int why = errno;
        if (f->fd >= 0)
            close(f->fd);
        pt_free(f);
        errno = why;
        return NULL;
    }
    f->eof = (haddr_t)info.st_size;
    return &f->base;
}

static H5FD_t *open_reader(const char *name, unsigned flags, hid_t list, haddr_t max)
{
    (void)list;
    (void)max;
    H5FD_t *file = flags & H5F_ACC_RDWR ? NULL : open_with(name, O_RDONLY);
    open_file_t *f = (open_file_t *)file;
    seal_of_last = (pt_seal_t){.bytes = 0};
    if (f == NULL)
        return NULL;
    f->seal = seal_of_last = pt_seal_find(f->fd, f->eof);
    if (f->seal.bytes > 0)
        f->eof = f->seal.bytes;
    return file;
}

/* The library first looks, without H5F_ACC_CREAT, whether there is such a file. */
static H5FD_t *open_writer(const char *name, unsigned flags, hid_t list, haddr_t max)
{
    (void)list;
    (void)max;
    int how = O_RDWR | (flags & H5F_ACC_CREAT ? O_CREAT : 0) |
              (flags & H5F_ACC_TRUNC ? O_TRUNC : 0);
    H5FD_t *file = open_with(name, how);
    write_error = file ? 0 : errno;
    if (file)
        ((open_file_t *)file)->is_written = true;
    return file;
}

static void keep_error(int why)
{
    if (write_error == 0)
        write_error = why;
}

static herr_t close_reader(H5FD_t *file)
{
    open_file_t *f = (open_file_t *)file;
    int failed = close(f->fd);
    pt_free(f);
    return failed;
}

static herr_t close_writer(H5FD_t *file)
{
    if (close_reader(file))
        keep_error(errno);
    return 0;
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
    return ((const open_file_t *)file)->eoa;
}

static herr_t set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    ((open_file_t *)file)->eoa = address;
    return 0;
}

static haddr_t get_eof(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const open_file_t *)file)->eof;
}

/* The library hands this on to pt_h5_read_bytes(). */
static herr_t get_handle(H5FD_t *file, hid_t list, void **handle)
{
    (void)list;
    *handle = file;
    return 0;
}

/* What lies past the end of the file is zero, as with the library's own drivers. */
static herr_t read_bytes(H5FD_t *file, H5FD_mem_t type, hid_t list, haddr_t address,
                         size_t bytes, void *out)
{
    open_file_t *f = (open_file_t *)file;
    char *to = out;
    (void)type;
    (void)list;
    if (address > f->eoa || bytes > f->eoa - address)
        return -1;
    if (address < f->seal.bytes) {
        uint64_t left = f->seal.bytes - address;
        size_t now = left < bytes ? (size_t)left : bytes;
        bool is_read = pt_seal_read(f->fd, &f->seal, address, now, to);
        seal_of_last = f->seal;
        if (!is_read)
            return -1;
        to += now;
        address += (haddr_t)now;
        bytes -= now;
    }
    while (bytes > 0) {
        ssize_t got = pread(f->fd, to, bytes, (off_t)address);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0) {
            /* Shorter than it was: another has cut it, or here a write has failed. */
            if (address < f->eof && !(f->is_written && write_error != 0))
                return -1;
            break;
        }
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

static herr_t write_bytes(H5FD_t *file, H5FD_mem_t type, hid_t list, haddr_t address,
                          size_t bytes, const void *from)
{
    open_file_t *f = (open_file_t *)file;
    const char *next = from;
    (void)type;
    (void)list;
    while (bytes > 0 && write_error == 0) {
        ssize_t put = pwrite(f->fd, next, bytes, (off_t)address);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            keep_error(put < 0 ? errno : EIO);
            break;
        }
        next += put;
        address += (haddr_t)put;
        bytes -= (size_t)put;
        f->eof = address > f->eof ? address : f->eof;
    }
    return 0;
}

/* The library asks for the length that it has given out before it closes the file. */
static herr_t truncate_file(H5FD_t *file, hid_t list, hbool_t is_closing)
{
    open_file_t *f = (open_file_t *)file;
    (void)list;
    (void)is_closing;
    if (f->eoa != f->eof && write_error == 0 && ftruncate(f->fd, (off_t)f->eoa))
        keep_error(errno);
    f->eof = f->eoa;
    return 0;
}

int pt_h5_write_error(void)
{
    return write_error;
}

bool pt_h5_read_bytes(hid_t file, uint64_t offset, size_t bytes, void *out)
{
    void *handle = NULL;
    if (H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0)
        return false;
    const open_file_t *f = handle;
    if (offset > f->eof || bytes > f->eof - offset)
        return false;
    return read_bytes(handle, H5FD_MEM_DRAW, H5P_DEFAULT, offset, bytes, out) >= 0;
}

const pt_seal_t *pt_h5_seal(hid_t file)
{
    void *handle = NULL;
    if (file >= 0 && H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0)
        return NULL;
    return file < 0 ? &seal_of_last : &((open_file_t *)handle)->seal;
}

bool pt_h5_has_torn_seal(hid_t file)
{
    void *handle = NULL;
    if (H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0)
        return false;
    const open_file_t *f = handle;
    return f->seal.bytes == 0 && pt_seal_is_torn(f->fd, f->eoa, f->eof);
}

hid_t pt_h5_writer(void)
{
    static const H5FD_class_t writer = {.name = "polytree writer",
                                        .maxaddr = MAX_ADDRESS,
                                        .fc_degree = H5F_CLOSE_STRONG,
                                        .open = open_writer,
                                        .close = close_writer,
                                        .query = query,
                                        .get_eoa = get_eoa,
                                        .set_eoa = set_eoa,
                                        .get_eof = get_eof,
                                        .read = read_bytes,
                                        .write = write_bytes,
                                        .truncate = truncate_file,
                                        .fl_map = H5FD_FLMAP_DICHOTOMY};
    static hid_t registered = H5I_INVALID_HID;
    if (registered < 0)
        registered = H5FDregister(&writer);
    return registered;
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
                                        .get_handle = get_handle,
                                        .read = read_bytes,
                                        .write = write_nothing,
                                        .fl_map = H5FD_FLMAP_DICHOTOMY};
    /* Once: closing a file reads its driver's entry after giving it back. */
    static hid_t registered = H5I_INVALID_HID;
    if (registered < 0)
        registered = H5FDregister(&reader);
    return registered;
}
