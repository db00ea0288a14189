/* Files below a folder or in a tar archive, one after the other. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "polytree/base/memory.h"
#include "io/file.h"
#include "io/image.h"

enum { MAX_DEPTH = 6, BLOCK = 512, MAX_FILE = 1 << 26 };

typedef struct walk {
    pt_want_t want;
    pt_visit_t visit;
    void *context;
} walk_t;

static pt_status_t visit_file(const walk_t *walk, const char *path)
{
    char *data = NULL;
    size_t bytes = 0;
    if (!walk->want(walk->context, path))
        return PT_OK;
    PT_TRY(pt_file_read(path, &data, &bytes));
    pt_status_t status = walk->visit(walk->context, path, data, bytes);
    pt_free(data);
    return status;
}

static pt_status_t visit_folder(const walk_t *walk, const char *folder, int depth)
{
    pt_status_t status = PT_OK;
    DIR *open = opendir(folder);
    if (!open)
        PT_FAIL(IO, "%s: cannot open folder: %s", folder, strerror(errno));
    for (struct dirent *e = readdir(open); status == PT_OK && e; e = readdir(open)) {
        char path[PT_PATH_MAX];
        struct stat info;
        if (e->d_name[0] == '.')
            continue;
        status = pt_path_join(folder, e->d_name, path);
        if (status != PT_OK || stat(path, &info))
            continue;
        if (S_ISDIR(info.st_mode) && depth > 1)
            status = visit_folder(walk, path, depth - 1);
        else if (S_ISREG(info.st_mode))
            status = visit_file(walk, path);
    }
    closedir(open);
    return status;
}

pt_status_t pt_folder_walk(const char *folder, pt_want_t want, pt_visit_t visit,
                           void *context)
{
    walk_t walk = {want, visit, context};
    return visit_folder(&walk, folder, MAX_DEPTH);
}

typedef struct tar {
    const char *path;
    gzFile file;
    char *data; /* of the current member, with a NUL behind it */
    size_t capacity;
    char name[PT_PATH_MAX];
    bool has_long_name;
} tar_t;

static pt_status_t read_exactly(tar_t *tar, void *out, size_t bytes)
{
    int failed = 0;
    int n = gzread(tar->file, out, (unsigned)bytes);
    if (n == (int)bytes)
        return PT_OK;
    const char *why = gzerror(tar->file, &failed);
    PT_FAIL(FORMAT, "%s: %s", tar->path,
            n >= 0 || failed == 0 || !why[0] ? "ends in the middle of a file" : why);
}

/* Octal digits, with blanks or NULs around them; -1 for anything else. */
static int64_t parse_octal(const char *text, size_t bytes)
{
    int64_t value = 0;
    size_t i = 0, begin;
    while (i < bytes && text[i] == ' ')
        i++;
    for (begin = i; i < bytes && text[i] >= '0' && text[i] <= '7'; i++)
        value = value * 8 + (text[i] - '0');
    return i == begin || (i < bytes && text[i] != ' ' && text[i] != '\0') ? -1 : value;
}

static bool is_header(const unsigned char *block)
{
    int64_t sum = 8 * ' ';
    for (int i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? 0 : block[i];
    return parse_octal((const char *)block + 148, 8) == sum;
}

static void take_name(tar_t *tar, const char *block)
{
    bool is_ustar = memcmp(block + 257, "ustar", 5) == 0;
    if (!tar->has_long_name)
        snprintf(tar->name, sizeof tar->name, "%.155s%s%.100s", is_ustar ? block + 345 : "",
                 is_ustar && block[345] ? "/" : "", block);
    tar->has_long_name = false;
}

static pt_status_t read_member(tar_t *tar, const walk_t *walk, const char *block)
{
    int64_t bytes = parse_octal(block + 124, 12);
    size_t padded = ((size_t)bytes + BLOCK - 1) / BLOCK * BLOCK;
    if (bytes < 0 || bytes > MAX_FILE)
        PT_FAIL(FORMAT, "%s: holds a file of absurd size", tar->path);
    PT_TRY(pt_grow(&tar->data, &tar->capacity, padded + 1, 1));
    PT_TRY(read_exactly(tar, tar->data, padded));
    tar->data[bytes] = '\0';
    if (block[156] == 'L') {
        snprintf(tar->name, sizeof tar->name, "%s", tar->data);
        tar->has_long_name = true;
        return PT_OK;
    }
    take_name(tar, block);
    bool is_file = block[156] == '0' || block[156] == '\0';
    if (is_file && walk->want(walk->context, tar->name))
        PT_TRY(walk->visit(walk->context, tar->name, tar->data, (size_t)bytes));
    return PT_OK;
}

pt_status_t pt_tar_walk(const char *path, pt_want_t want, pt_visit_t visit, void *context)
{
    static const char zero[BLOCK];
    walk_t walk = {want, visit, context};
    tar_t tar = {.path = path, .file = gzopen(path, "rb")};
    pt_status_t status = PT_OK;
    char block[BLOCK];
    if (!tar.file)
        PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    for (;;) {
        PT_TRY_OR(done, read_exactly(&tar, block, sizeof block));
        if (memcmp(block, zero, sizeof zero) == 0)
            break;
        if (!is_header((const unsigned char *)block)) {
            status = PT_ERROR(FORMAT, "%s: not a tar archive, gzipped or plain", path);
            goto done;
        }
        PT_TRY_OR(done, read_member(&tar, &walk, block));
    }
done:
    gzclose(tar.file);
    pt_free(tar.data);
    return status;
}
