/* Files below a folder or in an archive, one after the other. */
#include <archive.h>
#include <archive_entry.h>
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
#include "io/utf8.h"

enum { BLOCK = 1 << 16, MAX_FILE = 1 << 26 };

typedef struct walk {
    pt_want_t want;
    pt_visit_t visit;
    void *context;
    char path[PT_PATH_MAX]; /* of the folder or file that is visited */
} walk_t;

/* The folders that lead to the one that is visited. */
typedef struct level {
    const struct level *above;
    dev_t device;
    ino_t inode;
} level_t;

static bool is_above(const level_t *level, const struct stat *folder)
{
    for (; level; level = level->above)
        if (level->device == folder->st_dev && level->inode == folder->st_ino)
            return true;
    return false;
}

static pt_status_t visit_file(const walk_t *walk)
{
    char *data = NULL;
    size_t bytes = 0;
    if (!walk->want(walk->context, walk->path))
        return PT_OK;
    PT_TRY(pt_file_read(walk->path, &data, &bytes));
    pt_status_t status = walk->visit(walk->context, walk->path, data, bytes);
    pt_free(data);
    return status;
}

static pt_status_t visit_folder(walk_t *walk, const level_t *above);

/* Links are followed, but for those that lead back to a folder on the way. */
static pt_status_t visit_entry(walk_t *walk, const level_t *above, const char *name)
{
    size_t bytes = strlen(walk->path);
    struct stat info;
    pt_status_t status = PT_OK;
    int n = snprintf(walk->path + bytes, PT_PATH_MAX - bytes, "/%s", name);
    if (n < 0 || (size_t)n >= PT_PATH_MAX - bytes) {
        walk->path[bytes] = '\0';
        PT_FAIL(RANGE, "%s/%s: path longer than %d bytes", walk->path, name,
                PT_PATH_MAX - 1);
    }
    if (stat(walk->path, &info) != 0)
        info.st_mode = 0;
    if (S_ISDIR(info.st_mode) && !is_above(above, &info))
        status = visit_folder(walk, &(level_t){above, info.st_dev, info.st_ino});
    else if (S_ISREG(info.st_mode))
        status = visit_file(walk);
    walk->path[bytes] = '\0';
    return status;
}

static pt_status_t visit_folder(walk_t *walk, const level_t *level)
{
    pt_status_t status = PT_OK;
    DIR *open = opendir(walk->path);
    if (!open)
        PT_FAIL(IO, "%s: cannot open folder: %s", walk->path, strerror(errno));
    for (struct dirent *e = readdir(open); status == PT_OK && e; e = readdir(open))
        if (e->d_name[0] != '.')
            status = visit_entry(walk, level, e->d_name);
    closedir(open);
    return status;
}

pt_status_t pt_folder_walk(const char *folder, pt_want_t want, pt_visit_t visit,
                           void *context)
{
    walk_t walk = {want, visit, context, ""};
    struct stat info;
    if (snprintf(walk.path, PT_PATH_MAX, "%s", folder) >= PT_PATH_MAX)
        PT_FAIL(RANGE, "%.64s...: path longer than %d bytes", folder, PT_PATH_MAX - 1);
    if (stat(folder, &info) != 0)
        PT_FAIL(IO, "%s: cannot open folder: %s", folder, strerror(errno));
    return visit_folder(&walk, &(level_t){NULL, info.st_dev, info.st_ino});
}

typedef struct archive_walk {
    const walk_t *walk;
    const char *path;
    struct archive *archive;
    char *data; /* of the current member, with a NUL behind it */
    size_t capacity;
    bool is_ended; /* behind the last member */
} archive_walk_t;

static pt_status_t fail_archive(const archive_walk_t *w, const char *name)
{
    const char *why = archive_error_string(w->archive);
    PT_FAIL(FORMAT, "%s: %s%s%s", w->path, name ? name : "", name ? ": " : "",
            why ? why : "cannot be read");
}

/* libarchive passes over gzip's checksum: a damaged file would give damaged pictures. */
static pt_status_t check_gzip(const char *path)
{
    char block[BLOCK];
    int n, failed = 0;
    gzFile file = gzopen(path, "rb");
    if (!file)
        PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    do
        n = gzread(file, block, gzdirect(file) ? 0 : sizeof block);
    while (n > 0);
    const char *why = gzerror(file, &failed);
    pt_status_t status =
        n < 0 || failed < 0 ? PT_ERROR(FORMAT, "%s: %s", path, why) : PT_OK;
    gzclose(file);
    return status;
}

/* Only what is read in this process and from this file: libarchive would run programs for
 * some filters, and open other files for mtree. */
static pt_status_t open_archive(archive_walk_t *w)
{
    int (*const support[])(struct archive *) = {
        archive_read_support_format_tar,   archive_read_support_format_zip,
        archive_read_support_format_7zip,  archive_read_support_filter_gzip,
        archive_read_support_filter_bzip2, archive_read_support_filter_xz,
        archive_read_support_filter_zstd};
    w->archive = archive_read_new();
    if (!w->archive)
        PT_FAIL(MEMORY, "%s: no memory for a reader", w->path);
    for (size_t i = 0; i < sizeof support / sizeof support[0]; i++)
        if (support[i](w->archive) == ARCHIVE_FATAL)
            return fail_archive(w, NULL);
    if (archive_read_open_filename(w->archive, w->path, BLOCK) != ARCHIVE_OK)
        return fail_archive(w, NULL);
    return PT_OK;
}

/* As in folders, hidden files are passed over: macOS adds them to what it packs. */
static bool is_hidden(const char *name)
{
    for (; *name; name += strspn(name, "/")) {
        size_t bytes = strcspn(name, "/");
        if (name[0] == '.' && bytes > 1 && strncmp(name, "..", bytes) != 0)
            return true;
        name += bytes;
    }
    return false;
}

/* The size that a header names may be missing or wrong. */
static pt_status_t read_member(archive_walk_t *w, const char *name)
{
    size_t bytes = 0;
    for (;;) {
        PT_TRY(pt_grow(&w->data, &w->capacity, bytes + BLOCK + 1, 1));
        la_ssize_t n = archive_read_data(w->archive, w->data + bytes, BLOCK);
        if (n < 0)
            return fail_archive(w, name);
        if (n == 0)
            break;
        bytes += (size_t)n;
        if (bytes > MAX_FILE)
            PT_FAIL(FORMAT, "%s: %s: larger than %d MiB", w->path, name, MAX_FILE >> 20);
    }
    w->data[bytes] = '\0';
    return w->walk->visit(w->walk->context, name, w->data, bytes);
}

static pt_status_t visit_member(archive_walk_t *w, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname_utf8(entry);
    name = name ? name : archive_entry_pathname(entry);
    if (!name)
        PT_FAIL(FORMAT,
                "%s: the name of a file in it cannot be read without a UTF-8 locale",
                w->path);
    if (archive_entry_filetype(entry) == AE_IFDIR || is_hidden(name) ||
        !w->walk->want(w->walk->context, name))
        return PT_OK;
    /* What a link leads to stands elsewhere in the archive, or outside. */
    if (archive_entry_hardlink(entry) || archive_entry_filetype(entry) != AE_IFREG)
        PT_FAIL(FORMAT, "%s: %s: a link, expected a file (tar: --hard-dereference -h)",
                w->path, name);
    return read_member(w, name);
}

/* A tar that is cut between two members looks whole but for the zeros that end it. */
static pt_status_t check_end(const archive_walk_t *w, la_int64_t members_end)
{
    if ((archive_format(w->archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR &&
        archive_filter_bytes(w->archive, 0) == members_end)
        PT_FAIL(FORMAT, "%s: ends without the mark of a tar's end: cut off", w->path);
    return PT_OK;
}

static pt_status_t next_member(archive_walk_t *w)
{
    struct archive_entry *entry;
    la_int64_t before = archive_filter_bytes(w->archive, 0);
    int result = archive_read_next_header(w->archive, &entry);
    w->is_ended = result == ARCHIVE_EOF;
    if (w->is_ended)
        return check_end(w, before);
    /* A warning is of a name or a time; a name that matters is looked at next. */
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
        return fail_archive(w, NULL);
    PT_TRY(visit_member(w, entry));
    return archive_read_data_skip(w->archive) < ARCHIVE_WARN ? fail_archive(w, NULL)
                                                             : PT_OK;
}

pt_status_t pt_archive_walk(const char *path, pt_want_t want, pt_visit_t visit,
                            void *context)
{
    const walk_t walk = {want, visit, context, ""};
    archive_walk_t w = {.walk = &walk, .path = path};
    pt_utf8_t utf8;
    PT_TRY(check_gzip(path));
    utf8 = pt_utf8_enter();
    pt_status_t status = open_archive(&w);
    while (status == PT_OK && !w.is_ended)
        status = next_member(&w);
    archive_read_free(w.archive);
    pt_free(w.data);
    pt_utf8_leave(utf8);
    return status;
}
