/* `polytree data seal`: a seal for a data set that was made by hand. */
#include "polytree/io/dataset_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "io/schema.h"

static pt_status_t look(const char *path, bool *is_sealed)
{
    hid_t file = H5I_INVALID_HID;
    PT_TRY(pt_h5_open(path, &file));
    pt_status_t status = pt_schema_check_header(file, path);
    *is_sealed = pt_h5_seal(file)->bytes > 0;
    pt_h5_close(file);
    return status;
}

/* All of one open file to another, with who may read and write it. */
static pt_status_t copy_bytes(int from, int to, const char *path)
{
    char block[1 << 16];
    struct stat info;
    ssize_t n, put = 0;
    while ((n = read(from, block, sizeof block)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        for (ssize_t at = 0; n > 0 && at < n; at += put)
            if ((put = write(to, block + at, (size_t)(n - at))) <= 0)
                PT_FAIL(IO, "%s: cannot write a copy: %s", path, strerror(errno));
        if (n < 0)
            PT_FAIL(IO, "%s: cannot read: %s", path, strerror(errno));
    }
    if (fstat(from, &info) != 0 || fchmod(to, info.st_mode & 07777) != 0)
        PT_FAIL(IO, "%s: cannot write a copy: %s", path, strerror(errno));
    return PT_OK;
}

static pt_status_t copy(const char *path, const char *temp)
{
    pt_status_t status = PT_OK;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = from < 0 ? -1 : open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (from < 0)
        status = PT_ERROR(IO, "%s: cannot open: %s", path, strerror(errno));
    else if (to < 0)
        status = PT_ERROR(IO, "%s: cannot write a copy: %s", path, strerror(errno));
    else
        status = copy_bytes(from, to, path);
    if (to >= 0 && close(to) != 0 && status == PT_OK)
        status = PT_ERROR(IO, "%s: cannot write a copy: %s", path, strerror(errno));
    if (from >= 0)
        close(from);
    return status;
}

pt_status_t pt_dataset_seal(const char *path, bool *was_sealed)
{
    char target[PATH_MAX], temp[PT_PATH_MAX];
    PT_TRY(look(path, was_sealed));
    if (*was_sealed)
        return PT_OK;
    if (realpath(path, target) == NULL)
        PT_FAIL(IO, "%s: %s", path, strerror(errno));
    PT_TRY(pt_path_temp(target, temp));
    pt_file_expose(temp);
    pt_status_t status = pt_seal_publish(copy(path, temp), temp, target);
    pt_file_expose(NULL);
    return pt_file_blame(status, temp, path);
}
