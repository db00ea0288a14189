/*
 * The preprocessed NYUv2 and Cityscapes of Liu et al., End-to-End Multi-Task Learning with
 * Attention, CVPR 2019: {train,val}/{image,label,depth,normal}/N.npy.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/io/dataset.h"
#include "polytree/io/import.h"
#include "io/file.h"
#include "io/npy.h"

enum { LABEL, DEPTH, NORMAL, MAX_TASK, IGNORE = 255 };

typedef struct importer {
    const pt_import_mtan_t *options;
    const char *src;
    char label_folder[16];
    int64_t height, width;
    int32_t n_task;
    int64_t *row[PT_N_SPLIT]; /* N of the sample's files */
    int64_t n[PT_N_SPLIT];
} importer_t;

static const char *folder_of(pt_split_t split)
{
    return split == PT_SPLIT_TEST ? "val" : "train";
}

static pt_status_t path_of(const importer_t *m, pt_split_t split, const char *what,
                           int64_t number, char path[PT_PATH_MAX])
{
    int n = number < 0
                ? snprintf(path, PT_PATH_MAX, "%s/%s/%s", m->src, folder_of(split), what)
                : snprintf(path, PT_PATH_MAX, "%s/%s/%s/%" PRId64 ".npy", m->src,
                           folder_of(split), what, number);
    if (n < 0 || n >= PT_PATH_MAX)
        PT_FAIL(RANGE, "%.64s...: path longer than %d bytes", m->src, PT_PATH_MAX - 1);
    return PT_OK;
}

/* Files are 0.npy, 1.npy and so on: their number says which.  Hidden ones are passed over:
 * macOS leaves ._0.npy beside 0.npy. */
static pt_status_t count_files(const importer_t *m, pt_split_t split, int64_t *n)
{
    char path[PT_PATH_MAX];
    PT_TRY(path_of(m, split, "image", -1, path));
    DIR *folder = opendir(path);
    if (folder == NULL)
        PT_FAIL(IO, "%s: cannot open folder: %s (expected %s/train and %s/val)", path,
                strerror(errno), m->src, m->src);
    *n = 0;
    for (struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        const char *dot = strrchr(e->d_name, '.');
        *n += e->d_name[0] != '.' && dot != NULL && strcmp(dot, ".npy") == 0;
    }
    closedir(folder);
    if (*n == 0)
        PT_FAIL(FORMAT, "%s: holds no .npy files; expected them here, in no folder below",
                path);
    return PT_OK;
}

/* `planes`: of the last dimension, which may be missing where it is 1. */
static pt_status_t read_map(const importer_t *m, pt_split_t split, const char *what,
                            int64_t number, int64_t planes, char path[PT_PATH_MAX],
                            pt_npy_t *npy)
{
    PT_TRY(path_of(m, split, what, number, path));
    PT_TRY(pt_npy_read(path, npy));
    bool is_map = npy->n_dim == 3 ? npy->dim[2] == planes : npy->n_dim == 2 && planes == 1;
    if (is_map && (m->height == 0 || (npy->dim[0] == m->height && npy->dim[1] == m->width)))
        return PT_OK;
    char shape[96] = "";
    for (int32_t d = 0; d < npy->n_dim; d++)
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%lld",
                 d ? " x " : "", (long long)npy->dim[d]);
    pt_npy_release(npy);
    if (m->height == 0)
        PT_FAIL(FORMAT, "%s: %s values, expected height x width x %" PRId64, path, shape,
                planes);
    PT_FAIL(FORMAT, "%s: %s values, expected %" PRId64 " x %" PRId64 " x %" PRId64, path,
            shape, m->height, m->width, planes);
}

/* What interpolation leaves of 0 and 1. */
#define SLACK 1e-3

static pt_status_t fill_image(const importer_t *m, pt_split_t split, int64_t number,
                              void *image)
{
    char path[PT_PATH_MAX];
    pt_npy_t npy;
    pt_status_t status = PT_OK;
    PT_TRY(read_map(m, split, "image", number, 3, path, &npy));
    for (int64_t i = 0; status == PT_OK && i < npy.count; i++) {
        double v = npy.value[i];
        if (!(v >= -SLACK && v <= 1 + SLACK))
            status = PT_ERROR(FORMAT, "%s: has a value of %g, expected 0 to 1", path, v);
        else if (m->options->as_bytes)
            ((uint8_t *)image)[i] = (uint8_t)floor(fmin(fmax(v, 0), 1) * 255 + 0.5);
        else
            ((float *)image)[i] = (float)v;
    }
    pt_npy_release(&npy);
    return status;
}

static pt_status_t fill_classes(const importer_t *m, pt_split_t split, int64_t number,
                                pt_label_t *label)
{
    char path[PT_PATH_MAX];
    pt_npy_t npy;
    pt_status_t status = PT_OK;
    PT_TRY(read_map(m, split, m->label_folder, number, 1, path, &npy));
    for (int64_t i = 0; status == PT_OK && i < npy.count; i++) {
        double v = npy.value[i];
        if (v >= -1 && v < m->options->classes && v == floor(v))
            label[i].i = v < 0 ? PT_LABEL_NONE : (int32_t)v;
        else
            status =
                PT_ERROR(FORMAT, "%s: has a label of %g, expected -1 to %d as classes says",
                         path, v, m->options->classes - 1);
    }
    pt_npy_release(&npy);
    return status;
}

static pt_status_t fill_floats(const importer_t *m, pt_split_t split, const char *what,
                               int64_t number, int64_t planes, pt_label_t *label)
{
    char path[PT_PATH_MAX];
    pt_npy_t npy;
    PT_TRY(read_map(m, split, what, number, planes, path, &npy));
    for (int64_t i = 0; i < npy.count; i++) {
        double v = npy.value[i];
        label[i].f = isinf((float)v) ? NAN : (float)v;
    }
    pt_npy_release(&npy);
    return PT_OK;
}

static pt_status_t fill(void *context, pt_split_t split, int64_t i, void *image,
                        pt_label_t *const *label)
{
    const importer_t *m = context;
    int64_t number = m->row[split][i];
    PT_TRY(fill_image(m, split, number, image));
    PT_TRY(fill_classes(m, split, number, label[LABEL]));
    PT_TRY(fill_floats(m, split, "depth", number, 1, label[DEPTH]));
    if (m->n_task > NORMAL)
        PT_TRY(fill_floats(m, split, "normal", number, 3, label[NORMAL]));
    return PT_OK;
}

/* Samples of train in a random order: the first are val. */
static pt_status_t cut_splits(importer_t *m)
{
    int64_t n[2], n_val = m->options->n_val;
    const pt_rng_t rng = {.seed = m->options->seed, .purpose = PT_RNG_SPLIT};
    PT_TRY(count_files(m, PT_SPLIT_TRAIN, &n[0]));
    PT_TRY(count_files(m, PT_SPLIT_TEST, &n[1]));
    if (n_val < 0 || n_val >= n[0])
        PT_FAIL(USAGE,
                "%" PRId64 " samples for val, expected fewer than the %" PRId64 " of train",
                n_val, n[0]);
    PT_TRY(pt_alloc(&m->row[PT_SPLIT_TRAIN], (size_t)n[0], sizeof(int64_t)));
    PT_TRY(pt_alloc(&m->row[PT_SPLIT_VAL], (size_t)n_val, sizeof(int64_t)));
    PT_TRY(pt_alloc(&m->row[PT_SPLIT_TEST], (size_t)n[1], sizeof(int64_t)));
    for (int64_t i = 0; i < n[0]; i++) {
        pt_split_t s = pt_permute(&rng, n[0], i) < n_val ? PT_SPLIT_VAL : PT_SPLIT_TRAIN;
        m->row[s][m->n[s]++] = i;
    }
    for (int64_t i = 0; i < n[1]; i++)
        m->row[PT_SPLIT_TEST][m->n[PT_SPLIT_TEST]++] = i;
    return PT_OK;
}

/* Cityscapes has a folder of labels for each number of classes. */
static pt_status_t look_at_source(importer_t *m)
{
    char path[PT_PATH_MAX];
    pt_npy_t npy;
    PT_TRY(cut_splits(m));
    snprintf(m->label_folder, sizeof m->label_folder, "label_%d", m->options->classes);
    PT_TRY(path_of(m, PT_SPLIT_TRAIN, m->label_folder, -1, path));
    if (!pt_path_exists(path))
        snprintf(m->label_folder, sizeof m->label_folder, "label");
    PT_TRY(read_map(m, PT_SPLIT_TRAIN, "image", 0, 3, path, &npy));
    m->height = npy.dim[0];
    m->width = npy.dim[1];
    pt_npy_release(&npy);
    if (m->height < 1 || m->width < 1)
        PT_FAIL(FORMAT, "%s: an image without pixels", path);
    return PT_OK;
}

static pt_status_t write(importer_t *m, const char *out)
{
    bool has_normals = m->options->has_normals;
    pt_task_source_t task[MAX_TASK] = {
        [LABEL] = {.info = {.name = "segmentation",
                            .kind = PT_TASK_SEGMENTATION,
                            .classes = m->options->classes,
                            .has_ignore = true,
                            .ignore = IGNORE}},
        [DEPTH] = {.info = {.name = "depth",
                            .kind = PT_TASK_DEPTH,
                            .is_inverse = !has_normals}},
        [NORMAL] = {.info = {.name = "normals", .kind = PT_TASK_NORMALS}}};
    pt_dataset_source_t source = {
        .height = m->height,
        .width = m->width,
        .channels = 3,
        .is_float = !m->options->as_bytes,
        .fill = fill,
        .context = m,
        .n_task = m->n_task,
        .task = task,
        .origin =
            has_normals
                ? "NYUv2 as preprocessed by Liu et al. 2019; test is their val"
                : "Cityscapes as preprocessed by Liu et al. 2019, inverse depth; test "
                  "is their val"};
    for (int s = 0; s < PT_N_SPLIT; s++) {
        source.n[s] = m->n[s];
        for (int32_t t = 0; t < m->n_task; t++)
            task[t].rows[s].n = m->n[s];
    }
    return pt_dataset_write(out, &source);
}

pt_status_t pt_import_mtan(const char *src, const char *out,
                           const pt_import_mtan_t *options)
{
    importer_t m = {
        .options = options, .src = src, .n_task = options->has_normals ? MAX_TASK : NORMAL};
    if (options->classes < 2 || options->classes > IGNORE)
        PT_FAIL(USAGE, "%d classes, expected 2 to %d", options->classes, IGNORE);
    pt_status_t status = look_at_source(&m);
    if (status == PT_OK)
        status = write(&m, out);
    for (int s = 0; s < PT_N_SPLIT; s++)
        pt_free(m.row[s]);
    return status;
}
