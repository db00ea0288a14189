/* HDF5 files and groups in them, opened and closed with every step checked. */
#include "io/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static herr_t keep_first(unsigned n, const H5E_error2_t *error, void *text)
{
    if (n == 0 && error->desc)
        snprintf(text, 128, "%s", error->desc);
    return 0;
}

const char *pt_h5_cause(char text[128])
{
    text[0] = '\0';
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, text);
    return text;
}

static pt_status_t check_readable(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
    int failed = fstat(fd, &info) ? errno : 0;
    close(fd);
    if (failed)
        PT_FAIL(IO, "%s: %s", path, strerror(failed));
    if (!S_ISREG(info.st_mode))
        PT_FAIL(IO, "%s: not a regular file", path);
    return PT_OK;
}

/* Files are replaced by rename and never written in place, so that locks (which some
 * cluster file systems refuse) have nothing to protect. */
static hid_t access_list(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list >= 0) {
        H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
        H5Pset_file_locking(list, false, true);
    }
    return list;
}

pt_status_t pt_h5_open(const char *path, hid_t *file)
{
    char cause[128];
    pt_status_t status;
    PT_TRY(check_readable(path));
    hid_t list = access_list();
    hid_t id = H5I_INVALID_HID;
    if (H5Pset_driver(list, pt_h5_reader(), NULL) >= 0)
        id = H5Fopen(path, H5F_ACC_RDONLY, list);
    pt_h5_cause(cause);
    pt_h5_close(list);
    PT_TRY_OR(done, pt_h5_judge(PT_OK, id, path));
    if (id < 0)
        PT_FAIL(FORMAT, "%s: not a readable HDF5 file: %s", path, cause);
    if (pt_h5_has_torn_seal(id))
        PT_TRY_OR(done, PT_ERROR(FORMAT,
                                 "%s: damaged: the seal behind its end is not whole; put "
                                 "back a good copy",
                                 path));
    *file = id;
    return PT_OK;
done:
    pt_h5_close(id);
    return status;
}

pt_status_t pt_h5_judge(pt_status_t status, hid_t file, const char *path)
{
    const pt_seal_t *seal = pt_h5_seal(file);
    if (seal == NULL || seal->n_bad == 0)
        return status;
    pt_error_clear();
    return pt_seal_judge(seal, path);
}

pt_status_t pt_h5_create(const char *path, hid_t *file)
{
    char cause[128];
    hid_t list = access_list(), id = H5I_INVALID_HID;
    if (H5Pset_driver(list, pt_h5_writer(), NULL) >= 0)
        id = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, list);
    pt_h5_cause(cause);
    pt_h5_close(list);
    if (id < 0)
        PT_FAIL(IO, "%s: cannot create: %s", path,
                pt_h5_write_error() ? strerror(pt_h5_write_error()) : cause);
    *file = id;
    return PT_OK;
}

pt_status_t pt_h5_finish(pt_status_t status, const char *path, hid_t file)
{
    char cause[128];
    bool is_closed = H5Fclose(file) >= 0;
    PT_TRY(status);
    if (pt_h5_write_error())
        PT_FAIL(IO, "%s: cannot write: %s", path, strerror(pt_h5_write_error()));
    if (!is_closed)
        PT_FAIL(LIBRARY, "%s: cannot close: %s", path, pt_h5_cause(cause));
    return PT_OK;
}

void pt_h5_close(hid_t id)
{
    if (id >= 0)
        H5Idec_ref(id);
}

bool pt_h5_has(hid_t parent, const char *name)
{
    char part[PT_H5_MAX_WHERE];
    for (size_t i = 1; i < sizeof part; i++) {
        if (name[i] != '/' && name[i] != '\0')
            continue;
        memcpy(part, name, i);
        part[i] = '\0';
        if (H5Lexists(parent, part, H5P_DEFAULT) <= 0 ||
            H5Oexists_by_name(parent, part, H5P_DEFAULT) <= 0)
            return false;
        if (name[i] == '\0')
            return true;
    }
    return false;
}

pt_status_t pt_h5_group_open(hid_t parent, const char *path, const char *name, hid_t *group)
{
    char cause[128];
    if (!pt_h5_has(parent, name))
        PT_FAIL(FORMAT, "%s: no group '%s'", path, name);
    hid_t id = H5Gopen2(parent, name, H5P_DEFAULT);
    if (id < 0)
        PT_FAIL(FORMAT, "%s: '%s' is no readable group: %s", path, name,
                pt_h5_cause(cause));
    *group = id;
    return PT_OK;
}
