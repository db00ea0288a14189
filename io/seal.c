/* Seals of files: found, written, and held against what is read. */
#include "io/seal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polytree/base/hash.h"
#include "io/file.h"

static const char magic[16] = "polytree seal 1\n";

typedef struct head {
    char magic[16];
    uint64_t bytes, block, sum;
} head_t;

/* Sums that are read or written together. */
enum { GROUP = 512 };

static bool read_at(int fd, uint64_t offset, size_t bytes, void *out)
{
    char *to = out;
    while (bytes > 0) {
        ssize_t got = pread(fd, to, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return true;
}

static uint64_t n_block(uint64_t bytes)
{
    return bytes / PT_SEAL_BLOCK + (bytes % PT_SEAL_BLOCK != 0);
}

static uint64_t seal_bytes(uint64_t bytes)
{
    return 2 * sizeof(head_t) + n_block(bytes) * sizeof(uint64_t);
}

static size_t block_bytes(uint64_t bytes, uint64_t block)
{
    uint64_t left = bytes - block * PT_SEAL_BLOCK;
    return left < PT_SEAL_BLOCK ? (size_t)left : PT_SEAL_BLOCK;
}

static head_t form_head(uint64_t bytes)
{
    head_t head = {.bytes = htole64(bytes), .block = htole64(PT_SEAL_BLOCK)};
    memcpy(head.magic, magic, sizeof magic);
    head.sum = htole64(pt_hash64(&head, offsetof(head_t, sum), 0));
    return head;
}

pt_seal_t pt_seal_find(int fd, uint64_t file_bytes)
{
    const pt_seal_t none = {.bytes = 0};
    head_t first, last;
    if (file_bytes < 2 * sizeof last ||
        !read_at(fd, file_bytes - sizeof last, sizeof last, &last))
        return none;
    uint64_t bytes = le64toh(last.bytes);
    head_t head = form_head(bytes);
    if (memcmp(&head, &last, sizeof head) != 0 || bytes == 0 || bytes >= file_bytes ||
        file_bytes - bytes != seal_bytes(bytes) ||
        !read_at(fd, bytes, sizeof first, &first) ||
        memcmp(&head, &first, sizeof head) != 0)
        return none;
    return (pt_seal_t){.bytes = bytes};
}

bool pt_seal_is_torn(int fd, uint64_t own_bytes, uint64_t file_bytes)
{
    char begin[sizeof magic] = "";
    if (own_bytes >= file_bytes)
        return false;
    uint64_t behind = file_bytes - own_bytes;
    size_t n = behind < sizeof begin ? (size_t)behind : sizeof begin;
    return behind == seal_bytes(own_bytes) ||
           (read_at(fd, own_bytes, n, begin) && memcmp(begin, magic, n) == 0);
}

static bool is_sealed(pt_seal_t *seal, uint64_t block, uint64_t sum, const char *data)
{
    size_t bytes = block_bytes(seal->bytes, block);
    if (pt_hash64(data, bytes, 0) == le64toh(sum))
        return true;
    seal->bad = block * PT_SEAL_BLOCK;
    seal->n_bad = bytes;
    return false;
}

/* Blocks first..first+n-1, at most GROUP, whole. */
static bool read_blocks(int fd, pt_seal_t *seal, uint64_t first, uint64_t n, char *out)
{
    uint64_t sum[GROUP], sums = seal->bytes + sizeof(head_t);
    uint64_t from = first * PT_SEAL_BLOCK, left = seal->bytes - from;
    size_t bytes = left < n * PT_SEAL_BLOCK ? (size_t)left : (size_t)n * PT_SEAL_BLOCK;
    if (!read_at(fd, sums + first * sizeof sum[0], (size_t)n * sizeof sum[0], sum) ||
        !read_at(fd, from, bytes, out))
        return false;
    for (uint64_t i = 0; i < n; i++)
        if (!is_sealed(seal, first + i, sum[i], out + i * PT_SEAL_BLOCK))
            return false;
    return true;
}

bool pt_seal_read(int fd, pt_seal_t *seal, uint64_t offset, size_t bytes, void *out)
{
    char edge[PT_SEAL_BLOCK], *to = out;
    for (size_t now; bytes > 0; bytes -= now, offset += now, to += now) {
        uint64_t block = offset / PT_SEAL_BLOCK, n = bytes / PT_SEAL_BLOCK;
        size_t skip = (size_t)(offset % PT_SEAL_BLOCK);
        size_t whole = block_bytes(seal->bytes, block);
        if (skip > 0 || bytes < whole) {
            now = whole - skip < bytes ? whole - skip : bytes;
            if (!read_blocks(fd, seal, block, 1, edge))
                return false;
            memcpy(to, edge + skip, now);
            continue;
        }
        n = n == 0 ? 1 : n < GROUP ? n : GROUP;
        now = whole < PT_SEAL_BLOCK ? whole : (size_t)n * PT_SEAL_BLOCK;
        if (!read_blocks(fd, seal, block, n, to))
            return false;
    }
    return true;
}

pt_status_t pt_seal_judge(const pt_seal_t *seal, const char *path)
{
    if (seal->n_bad == 0)
        return PT_OK;
    PT_FAIL(FORMAT,
            "%s: damaged: bytes %llu to %llu are not those that were sealed; put back a "
            "good copy",
            path, (unsigned long long)seal->bad,
            (unsigned long long)(seal->bad + seal->n_bad - 1));
}

static pt_status_t open_file(const char *path, int how, int *fd, uint64_t *bytes)
{
    struct stat info;
    *fd = open(path, how | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(*fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(*fd);
        PT_FAIL(IO, "%s: not a regular file", path);
    }
    *bytes = (uint64_t)info.st_size;
    return PT_OK;
}

pt_status_t pt_seal_verify(const char *path, FILE *report, int32_t *n_finding)
{
    enum { MOST = 10 };
    char block[PT_SEAL_BLOCK];
    uint64_t file_bytes, n_bad = 0;
    int32_t n_run = 0;
    int fd;
    pt_status_t status = PT_OK;
    PT_TRY(open_file(path, O_RDONLY, &fd, &file_bytes));
    pt_seal_t seal = pt_seal_find(fd, file_bytes);
    for (uint64_t b = 0, end = n_block(seal.bytes); b <= end && status == PT_OK; b++) {
        seal.n_bad = 0;
        bool is_good = b == end || pt_seal_read(fd, &seal, b * PT_SEAL_BLOCK,
                                                block_bytes(seal.bytes, b), block);
        if (!is_good && seal.n_bad == 0)
            status = PT_ERROR(IO, "%s: cannot read: %s", path, strerror(errno));
        if (is_good && n_bad > 0 && n_run++ < MOST)
            fprintf(
                report,
                "%s: bytes %llu to %llu are not those that were sealed (%llu block%s of "
                "%d)\n",
                path, (unsigned long long)((b - n_bad) * PT_SEAL_BLOCK),
                (unsigned long long)((b - 1) * PT_SEAL_BLOCK +
                                     block_bytes(seal.bytes, b - 1) - 1),
                (unsigned long long)n_bad, n_bad == 1 ? "" : "s", PT_SEAL_BLOCK);
        n_bad = is_good ? 0 : n_bad + 1;
    }
    close(fd);
    if (n_run > MOST)
        fprintf(report, "%s: so are %d other runs of blocks\n", path, (int)(n_run - MOST));
    *n_finding += n_run;
    return status;
}

static bool write_at_end(int fd, const void *data, size_t bytes)
{
    const char *next = data;
    while (bytes > 0) {
        ssize_t put = write(fd, next, bytes);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        next += put;
        bytes -= (size_t)put;
    }
    return true;
}

static bool write_sums(int fd, uint64_t bytes)
{
    uint64_t sum[GROUP], n = n_block(bytes);
    char block[PT_SEAL_BLOCK];
    for (uint64_t b = 0; b < n; b++) {
        size_t now = block_bytes(bytes, b), i = b % GROUP;
        if (!read_at(fd, b * PT_SEAL_BLOCK, now, block))
            return false;
        sum[i] = htole64(pt_hash64(block, now, 0));
        if ((i == GROUP - 1 || b == n - 1) &&
            !write_at_end(fd, sum, (i + 1) * sizeof sum[0]))
            return false;
    }
    return true;
}

pt_status_t pt_seal_append(const char *path)
{
    uint64_t bytes;
    int fd;
    PT_TRY(open_file(path, O_RDWR | O_APPEND, &fd, &bytes));
    head_t head = form_head(bytes);
    bool is_written = write_at_end(fd, &head, sizeof head) && write_sums(fd, bytes) &&
                      write_at_end(fd, &head, sizeof head);
    int why = errno;
    if (close(fd) != 0 && is_written) {
        is_written = false;
        why = errno;
    }
    if (!is_written)
        PT_FAIL(IO, "%s: cannot write: %s", path, strerror(why));
    return PT_OK;
}

pt_status_t pt_seal_publish(pt_status_t status, const char *temp, const char *path)
{
    if (status == PT_OK)
        status = pt_seal_append(temp);
    if (status == PT_OK)
        status = pt_file_publish(temp, path);
    if (status != PT_OK)
        unlink(temp);
    return status;
}
