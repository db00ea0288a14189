/* Importer of folders of pictures: labels by folders, by a table, or as maps. */
#include "polytree/io/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "io/csv_table.h"
#include "io/file.h"
#include "io/image.h"
#include "io/image_maps.h"

/* The folder of pictures beside those of maps. */
static const char pictures[] = "images/";

typedef struct image_import {
    const pt_import_images_t *options;
    pt_import_csv_t csv;
    const char *src;
    pt_dictionary_t found; /* pictures below src, as they are found */
    pt_status_t status;    /* of finding them */
    char **path;           /* of each sample, below src */
    int64_t n;
    pt_csv_table_t table; /* the labels' table, or what folders say */
    pt_parts_t parts;
    pt_image_map_t *map;
    bool *has_map;          /* [n, maps] */
    int32_t n_task, n_map;  /* columns, and maps */
    pt_task_source_t *task; /* columns, then maps */
    int64_t *group[PT_N_SPLIT];
    int64_t height, width, next;
    uint16_t *values; /* of a map at its size */
} image_import_t;

static pt_status_t read_picture(const image_import_t *m, const char *name, bool is_map,
                                pt_picture_t *picture)
{
    char path[PT_PATH_MAX], *data;
    size_t bytes;
    PT_TRY(pt_path_join(m->src, name, path));
    PT_TRY(pt_file_read(path, &data, &bytes));
    pt_status_t status =
        is_map ? pt_picture_decode_map(path, data, bytes, picture)
               : pt_picture_decode(path, data, bytes, m->options->is_grey ? 1 : 3, picture);
    pt_free(data);
    return status;
}

/* Only names are wanted: none is read on the walk. */
static int take_name(void *context, const char *path)
{
    image_import_t *m = context;
    const char *name = path + strlen(m->src);
    int32_t number;
    name += strspn(name, "/");
    if (m->status == PT_OK && pt_picture_is_named(path))
        m->status = pt_dictionary_add(&m->found, name, strlen(name), &number);
    return 0;
}

static pt_status_t pass_over(void *context, const char *path, const char *data,
                             size_t bytes)
{
    (void)context;
    (void)path;
    (void)data;
    (void)bytes;
    return PT_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static pt_status_t keep_path(image_import_t *m, const char *path)
{
    size_t bytes = strlen(path) + 1;
    PT_TRY(pt_alloc(&m->path[m->n], bytes, 1));
    memcpy(m->path[m->n++], path, bytes);
    return PT_OK;
}

/* All pictures in the folder, in the order of their paths; those beside maps alone. */
static pt_status_t walk(image_import_t *m)
{
    size_t prefix = m->n_map > 0 ? strlen(pictures) : 0;
    PT_TRY(pt_folder_walk(m->src, take_name, pass_over, m));
    PT_TRY(m->status);
    PT_TRY(pt_alloc(&m->path, (size_t)m->found.n, sizeof *m->path));
    for (int32_t i = 0; i < m->found.n; i++) {
        const char *path = pt_dictionary_text(&m->found, i);
        if (strncmp(path, pictures, prefix) == 0)
            PT_TRY(keep_path(m, path));
    }
    if (m->n == 0)
        PT_FAIL(FORMAT, "%s: no .png, .jpg or .jpeg in %s", m->src,
                prefix ? "the folder 'images' in it" : "it or the folders below");
    qsort(m->path, (size_t)m->n, sizeof *m->path, by_text);
    return PT_OK;
}

static pt_status_t read_table(image_import_t *m)
{
    const pt_import_images_t *options = m->options;
    m->csv = (pt_import_csv_t){.tasks = options->tasks,
                               .kinds = options->kinds,
                               .group = options->group,
                               .split = options->split,
                               .talk = options->talk};
    PT_TRY(pt_csv_table_open(&m->table, options->labels, &m->csv, options->file_column));
    PT_TRY(pt_csv_table_scan(&m->table));
    PT_TRY(pt_alloc(&m->path, (size_t)m->table.n, sizeof *m->path));
    for (int64_t i = 0; i < m->table.n; i++)
        PT_TRY(keep_path(m, pt_dictionary_text(&m->table.files, (int32_t)i)));
    return PT_OK;
}

/* train/, val/ or test/, if all paths begin with one of them behind the first `skip` bytes.
 */
static pt_status_t find_folder_parts(image_import_t *m, size_t skip, bool *has)
{
    uint8_t *split;
    pt_split_t of = PT_SPLIT_TRAIN;
    PT_TRY(pt_alloc(&split, (size_t)m->n, 1));
    *has = true;
    for (int64_t i = 0; *has && i < m->n; i++) {
        const char *path = m->path[i] + skip, *slash = strchr(path, '/');
        *has = slash && pt_parts_named(path, (size_t)(slash - path), &of);
        split[i] = (uint8_t)of;
    }
    pt_status_t status = *has ? pt_parts_take(m->src, &split, m->n, &m->parts) : PT_OK;
    pt_free(split);
    return status;
}

/* The task of the folders that pictures are in. */
static pt_status_t read_classes(image_import_t *m, bool has_parts)
{
    pt_csv_task_t *task;
    PT_TRY(pt_alloc(&m->table.task, 1, sizeof *m->table.task));
    m->table.n_task = 1;
    task = m->table.task;
    strcpy(task->name, "class");
    task->column = (pt_csv_column_t){.role = PT_CSV_TASK, .kind = PT_CSV_CATEGORY};
    PT_TRY(pt_alloc(&task->code, (size_t)m->n, sizeof *task->code));
    for (int64_t i = 0; i < m->n; i++) {
        const char *path = m->path[i];
        path = has_parts ? strchr(path, '/') + 1 : path;
        const char *slash = strchr(path, '/');
        if (!slash)
            PT_FAIL(FORMAT,
                    "%s/%s: in no folder that says its class; --labels names a table of "
                    "labels, --maps maps",
                    m->src, m->path[i]);
        PT_TRY(pt_csv_column_class(&task->column, m->src, path, (size_t)(slash - path),
                                   &task->code[i]));
    }
    if (task->column.value.n < 2)
        PT_FAIL(FORMAT, "%s: all pictures are in the folder '%.128s': one class", m->src,
                pt_dictionary_text(&task->column.value, 0));
    return pt_csv_column_rank(&task->column);
}

static pt_status_t find_samples(image_import_t *m)
{
    bool has_parts = false;
    PT_TRY(m->options->labels ? read_table(m) : walk(m));
    if (!m->table.split)
        PT_TRY(find_folder_parts(m, m->n_map > 0 ? strlen(pictures) : 0, &has_parts));
    m->table.src = m->src;
    m->table.n = m->n;
    if (!has_parts)
        PT_TRY(pt_csv_table_part(&m->table, &m->options->share, &m->parts));
    if (m->table.group)
        PT_TRY(pt_parts_deal(&m->parts, m->table.group, m->group));
    if (!m->options->labels && m->n_map == 0)
        PT_TRY(read_classes(m, has_parts));
    pt_parts_say(&m->parts,
                 m->table.split || m->options->split ? "as the table says"
                 : has_parts                         ? "by folder"
                                                     : "at random by seed",
                 &m->options->talk);
    return PT_OK;
}

/* TASK/.../NAME.png beside images/.../NAME.jpg. */
static pt_status_t map_path(const image_import_t *m, int32_t map, int64_t i,
                            char name[PT_PATH_MAX])
{
    const char *path = m->path[i], *dot;
    if (strncmp(path, pictures, strlen(pictures)) == 0)
        path += strlen(pictures);
    dot = strrchr(path, '.');
    int n = snprintf(name, PT_PATH_MAX, "%s/%.*s.png", m->map[map].info.name,
                     dot ? (int)(dot - path) : (int)strlen(path), path);
    if (n < 0 || n >= PT_PATH_MAX)
        PT_FAIL(RANGE, "%.64s...: path longer than %d bytes", path, PT_PATH_MAX - 1);
    if (strcmp(name, m->path[i]) == 0)
        PT_FAIL(USAGE,
                "--maps %s: %s/%s is one of the pictures, not the labels of one: name "
                "another folder",
                m->map[map].info.name, m->src, name);
    return PT_OK;
}

static pt_status_t count_classes(image_import_t *m, int32_t k)
{
    char name[PT_PATH_MAX];
    pt_picture_t picture;
    const pt_import_talk_t *talk = &m->options->talk;
    for (int64_t i = 0; i < m->n; i++) {
        if (!m->has_map[i * m->n_map + k])
            continue;
        PT_TRY(map_path(m, k, i, name));
        PT_TRY(read_picture(m, name, true, &picture));
        pt_status_t status = pt_image_map_look(&m->map[k], name, &picture);
        pt_picture_release(&picture);
        PT_TRY(status);
        if (talk->progress)
            talk->progress(talk->context, "counting classes", (double)i / (double)m->n);
    }
    if (m->map[k].info.classes < 2)
        PT_FAIL(FORMAT, "%s/%s: fewer than two classes in all maps", m->src,
                m->map[k].info.name);
    return PT_OK;
}

static pt_status_t build_map(image_import_t *m, int32_t k)
{
    const pt_import_talk_t *talk = &m->options->talk;
    pt_task_source_t *out = &m->task[m->n_task + k];
    int64_t at[PT_N_SPLIT] = {0}, *index[PT_N_SPLIT], n_all = 0;
    pt_text_t line = {0};
    for (int s = 0; s < PT_N_SPLIT; s++) {
        PT_TRY(pt_alloc(&index[s], (size_t)m->parts.n_of[s], sizeof(int64_t)));
        out->rows[s].index = index[s];
    }
    for (int64_t i = 0; i < m->n; i++) {
        int s = m->parts.split[i];
        if (m->has_map[i * m->n_map + k])
            index[s][out->rows[s].n++] = at[s];
        at[s]++;
    }
    for (int s = 0; s < PT_N_SPLIT; s++) {
        n_all += out->rows[s].n;
        if (out->rows[s].n < m->parts.n_of[s])
            continue;
        pt_free(index[s]);
        out->rows[s].index = NULL;
    }
    if (out->rows[PT_SPLIT_TRAIN].n == 0)
        PT_FAIL(FORMAT, "%s/%s: no map of a picture in train; expected %s/%s/NAME.png",
                m->src, m->map[k].info.name, m->src, m->map[k].info.name);
    if (m->map[k].info.kind == PT_TASK_SEGMENTATION && !m->map[k].has_classes)
        PT_TRY(count_classes(m, k));
    m->map[k].info.height = m->height;
    m->map[k].info.width = m->width;
    m->map[k].info.has_ignore = m->map[k].info.kind == PT_TASK_SEGMENTATION;
    m->map[k].info.ignore = 255;
    out->info = m->map[k].info;
    pt_text_add(&line, "task        %s: %s", out->info.name,
                pt_task_kind_name(out->info.kind));
    if (out->info.classes > 0)
        pt_text_add(&line, ", %d classes", out->info.classes);
    if (n_all < m->n)
        pt_text_add(&line, "; %lld of %lld pictures have no map", (long long)(m->n - n_all),
                    (long long)m->n);
    pt_import_say(talk, &line);
    return PT_OK;
}

static pt_status_t find_maps(image_import_t *m)
{
    char name[PT_PATH_MAX], path[PT_PATH_MAX];
    PT_TRY(pt_alloc(&m->has_map, (size_t)(m->n * m->n_map), sizeof *m->has_map));
    for (int64_t i = 0; i < m->n; i++)
        for (int32_t k = 0; k < m->n_map; k++) {
            PT_TRY(map_path(m, k, i, name));
            PT_TRY(pt_path_join(m->src, name, path));
            m->has_map[i * m->n_map + k] = pt_path_exists(path);
        }
    for (int32_t k = 0; k < m->n_map; k++)
        PT_TRY(build_map(m, k));
    return PT_OK;
}

static pt_status_t fill_map(image_import_t *m, int64_t i, int32_t k, int64_t height,
                            int64_t width, pt_label_t *label)
{
    char name[PT_PATH_MAX], path[PT_PATH_MAX];
    pt_picture_t map;
    PT_TRY(map_path(m, k, i, name));
    PT_TRY(pt_path_join(m->src, name, path));
    PT_TRY(read_picture(m, name, true, &map));
    pt_status_t status =
        map.height == height && map.width == width
            ? pt_image_map_form(&m->map[k], path, &map, m->height, m->width, m->values,
                                label)
            : PT_ERROR(FORMAT,
                       "%s: %lld x %lld pixels, expected %lld x %lld as its picture", path,
                       (long long)map.width, (long long)map.height, (long long)width,
                       (long long)height);
    pt_picture_release(&map);
    return status;
}

static pt_status_t fill(void *context, pt_split_t split, int64_t i, void *image,
                        pt_label_t *const *label)
{
    image_import_t *m = context;
    const pt_import_talk_t *talk = &m->options->talk;
    int64_t at = m->next++;
    pt_picture_t picture;
    (void)split;
    (void)i;
    PT_TRY(read_picture(m, m->path[at], false, &picture));
    int64_t height = picture.height, width = picture.width;
    pt_status_t status =
        m->options->height == 0 && (height != m->height || width != m->width)
            ? PT_ERROR(FORMAT,
                       "%s/%s: %lld x %lld pixels, but %s has %lld x %lld: --size brings "
                       "all to one",
                       m->src, m->path[at], (long long)width, (long long)height, m->path[0],
                       (long long)m->width, (long long)m->height)
            : pt_picture_resize(&picture, m->height, m->width, image);
    pt_picture_release(&picture);
    PT_TRY(status);
    for (int32_t k = 0; k < m->n_map; k++)
        if (label[m->n_task + k] && m->has_map[at * m->n_map + k])
            PT_TRY(fill_map(m, at, k, height, width, label[m->n_task + k]));
    if (talk->progress)
        talk->progress(talk->context, "pictures", (double)at / (double)m->n);
    return PT_OK;
}

/* The size of all pictures: the one asked for, or the first one's. */
static pt_status_t find_size(image_import_t *m)
{
    pt_picture_t picture;
    m->height = m->options->height;
    m->width = m->options->width;
    if (m->height > 0)
        return PT_OK;
    PT_TRY(read_picture(m, m->path[0], false, &picture));
    m->height = picture.height;
    m->width = picture.width;
    pt_picture_release(&picture);
    return PT_OK;
}

static pt_status_t import(image_import_t *m, const char *out)
{
    const pt_words_t *maps = &m->options->maps;
    PT_TRY(pt_alloc(&m->map, (size_t)maps->n, sizeof *m->map));
    for (; m->n_map < maps->n; m->n_map++)
        PT_TRY(pt_image_map_parse(maps->word[m->n_map], &m->map[m->n_map]));
    PT_TRY(find_samples(m));
    PT_TRY(find_size(m));
    m->n_task = m->table.n_task;
    PT_TRY(pt_alloc(&m->task, (size_t)(m->n_task + m->n_map), sizeof *m->task));
    PT_TRY(pt_csv_tasks_build(m->src, m->table.task, m->n_task, &m->parts, m->task));
    pt_csv_tasks_say(m->table.task, m->n_task, m->n, &m->options->talk);
    PT_TRY(find_maps(m));
    if (m->n_task + m->n_map == 0)
        PT_FAIL(USAGE, "%s: has no column but that of files; --maps NAME=KIND names maps",
                m->options->labels);
    PT_TRY(pt_alloc(&m->values, (size_t)(m->height * m->width), 3 * sizeof *m->values));
    pt_dataset_source_t source = {.height = m->height,
                                  .width = m->width,
                                  .channels = m->options->is_grey ? 1 : 3,
                                  .fill = fill,
                                  .order = m->parts.split,
                                  .context = m,
                                  .n_task = m->n_task + m->n_map,
                                  .task = m->task,
                                  .origin = "a folder of pictures"};
    for (int s = 0; s < PT_N_SPLIT; s++) {
        source.n[s] = m->parts.n_of[s];
        source.group[s] = m->group[s];
    }
    return pt_dataset_write(out, &source);
}

pt_status_t pt_import_images(const char *src, const char *out,
                             const pt_import_images_t *options)
{
    image_import_t m = {.options = options, .src = src};
    pt_status_t status = import(&m, out);
    if (m.task)
        pt_csv_tasks_unbuild(m.task, m.n_task + m.n_map);
    for (int64_t i = 0; i < m.n; i++)
        pt_free(m.path[i]);
    for (int s = 0; s < PT_N_SPLIT; s++)
        pt_free(m.group[s]);
    pt_free(m.path);
    pt_free(m.map);
    pt_free(m.has_map);
    pt_free(m.task);
    pt_free(m.values);
    pt_dictionary_release(&m.found);
    pt_parts_release(&m.parts);
    pt_csv_table_release(&m.table);
    return status;
}
