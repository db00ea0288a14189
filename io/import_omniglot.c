#include "polytree/io/import.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/io/dataset.h"
#include "io/file.h"
#include "io/image.h"

enum { FULL_SIZE = 105, N_DRAWER = 20, MAX_TASK = 256, MAX_NAME = 64 };

/* The order of the multi-task literature. */
static const char literature[] =
    "Gujarati Sylheti Arcadian Tibetan Old_Church_Slavonic_(Cyrillic) Angelic "
    "Malay_(Jawi_-_Arabic) Sanskrit Cyrillic Anglo-Saxon_Futhorc Syriac_(Estrangelo) Ge_ez "
    "Japanese_(katakana) Keble Manipuri Alphabet_of_the_Magi Gurmukhi Korean Early_Aramaic "
    "Atemayar_Qelisayer";

/* The fixed split, by drawer 1..20. */
static const pt_split_t fixed_split[N_DRAWER] = {
    PT_SPLIT_TRAIN, PT_SPLIT_TRAIN, PT_SPLIT_TRAIN, PT_SPLIT_TRAIN, PT_SPLIT_TRAIN,
    PT_SPLIT_TRAIN, PT_SPLIT_VAL,   PT_SPLIT_TEST,  PT_SPLIT_VAL,   PT_SPLIT_TEST,
    PT_SPLIT_VAL,   PT_SPLIT_TRAIN, PT_SPLIT_TRAIN, PT_SPLIT_TRAIN, PT_SPLIT_TEST,
    PT_SPLIT_TRAIN, PT_SPLIT_TEST,  PT_SPLIT_TEST,  PT_SPLIT_TEST,  PT_SPLIT_VAL};
static const int64_t per_character[PT_N_SPLIT] = {10, 4, 6};

typedef struct drawing {
    int32_t task, drawer;
    char character[MAX_NAME];
    uint8_t *pixels; /* size * size, ink = 255 */
} drawing_t;

typedef struct import {
    const pt_import_omniglot_t *options;
    bool takes_all;
    char task[MAX_TASK][MAX_NAME];
    int32_t n_task;
    drawing_t *drawing;
    size_t capacity;
    int64_t n;
    uint8_t full[FULL_SIZE * FULL_SIZE];
} import_t;

/* Split .../ALPHABET/CHARACTER/IIII_DD.png; false where a path looks otherwise. */
static bool split_path(const char *path, char alphabet[MAX_NAME], char character[MAX_NAME],
                       int32_t *drawer)
{
    const char *part[3] = {NULL, NULL, NULL};
    size_t bytes[3];
    const char *end = path + strlen(path);
    for (int i = 2; i >= 0; i--) {
        const char *begin = end;
        while (begin > path && begin[-1] != '/')
            begin--;
        part[i] = begin;
        bytes[i] = (size_t)(end - begin);
        end = begin > path ? begin - 1 : begin;
    }
    int32_t id = 0;
    int n = 0;
    if (bytes[0] == 0 || bytes[0] >= MAX_NAME || bytes[1] == 0 || bytes[1] >= MAX_NAME ||
        strncmp(part[1], "character", 9) != 0 ||
        sscanf(part[2], "%4d_%2d.png%n", &id, drawer, &n) != 2 || part[2][n] || n == 0)
        return false;
    memcpy(alphabet, part[0], bytes[0]);
    alphabet[bytes[0]] = '\0';
    memcpy(character, part[1], bytes[1]);
    character[bytes[1]] = '\0';
    return true;
}

static int32_t find_task(const import_t *import, const char *alphabet)
{
    for (int32_t t = 0; t < import->n_task; t++)
        if (strcmp(import->task[t], alphabet) == 0)
            return t;
    return -1;
}

static int want_drawing(void *context, const char *path)
{
    import_t *import = context;
    char alphabet[MAX_NAME], character[MAX_NAME];
    int32_t drawer;
    return split_path(path, alphabet, character, &drawer) &&
           (import->takes_all || find_task(import, alphabet) >= 0);
}

static pt_status_t take_drawing(void *context, const char *path, const char *data,
                                size_t bytes)
{
    import_t *import = context;
    int64_t size = import->options->size;
    char alphabet[MAX_NAME];
    drawing_t drawing = {.pixels = NULL};
    if (!split_path(path, alphabet, drawing.character, &drawing.drawer))
        return PT_OK;
    if (drawing.drawer < 1 || drawing.drawer > N_DRAWER)
        PT_FAIL(FORMAT, "%s: drawer %d, expected 1 to %d", path, drawing.drawer, N_DRAWER);
    drawing.task = find_task(import, alphabet);
    if (drawing.task < 0) {
        if (import->n_task == MAX_TASK)
            PT_FAIL(FORMAT, "%s: more than %d alphabets", path, MAX_TASK);
        drawing.task = import->n_task++;
        strcpy(import->task[drawing.task], alphabet);
    }
    PT_TRY(pt_png_decode(path, data, bytes, FULL_SIZE, FULL_SIZE, import->full));
    for (int i = 0; i < FULL_SIZE * FULL_SIZE; i++)
        import->full[i] = import->full[i] < 128 ? 255 : 0;
    PT_TRY(pt_grow(&import->drawing, &import->capacity, (size_t)import->n + 1,
                   sizeof drawing));
    PT_TRY(pt_alloc(&drawing.pixels, (size_t)(size * size), 1));
    pt_image_average(import->full, FULL_SIZE, drawing.pixels, size);
    import->drawing[import->n++] = drawing;
    return PT_OK;
}

static pt_status_t pick_tasks(import_t *import)
{
    static const char between[] = " \t\r\n,";
    const char *names = import->options->tasks ? import->options->tasks : literature;
    import->takes_all = strcmp(names, "all") == 0;
    for (const char *t = names + strspn(names, between); *t && !import->takes_all;
         t += strspn(t, between)) {
        char name[MAX_NAME] = "";
        size_t bytes = strcspn(t, between);
        if (bytes >= sizeof name || import->n_task == MAX_TASK)
            PT_FAIL(USAGE, "'%.80s': too long a list or name of alphabets", t);
        memcpy(name, t, bytes);
        if (find_task(import, name) >= 0)
            PT_FAIL(USAGE, "alphabet '%s' is named twice", name);
        strcpy(import->task[import->n_task++], name);
        t += bytes;
    }
    if (import->n_task == 0 && !import->takes_all)
        PT_FAIL(USAGE, "no alphabet is named");
    return PT_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Alphabets taken as they come have no order of their own: by name. */
static void sort_tasks(import_t *import)
{
    char before[MAX_TASK][MAX_NAME];
    memcpy(before, import->task, sizeof before);
    qsort(import->task, (size_t)import->n_task, MAX_NAME, by_text);
    for (int64_t i = 0; i < import->n; i++)
        import->drawing[i].task = find_task(import, before[import->drawing[i].task]);
}

static int by_place(const void *a, const void *b)
{
    const drawing_t *x = a, *y = b;
    if (x->task != y->task)
        return x->task < y->task ? -1 : 1;
    int order = strcmp(x->character, y->character);
    return order ? order : x->drawer - y->drawer;
}

/* Every character by all drawers, so that drawing i is by drawer i % 20 + 1. */
static pt_status_t check_complete(const import_t *import, const char *src)
{
    for (int32_t t = 0; t < import->n_task; t++) {
        bool is_there = false;
        for (int64_t i = 0; i < import->n && !is_there; i++)
            is_there = import->drawing[i].task == t;
        if (!is_there)
            PT_FAIL(FORMAT, "%s: no drawings of alphabet '%s'", src, import->task[t]);
    }
    if (import->n == 0)
        PT_FAIL(FORMAT, "%s: no ALPHABET/characterNN/IIII_DD.png", src);
    for (int64_t i = 0; i < import->n; i++) {
        const drawing_t *d = &import->drawing[i], *first = d - i % N_DRAWER;
        if (d->task != first->task || strcmp(d->character, first->character) != 0 ||
            d->drawer != i % N_DRAWER + 1)
            PT_FAIL(FORMAT, "%s: %s/%s: expected one drawing by each of %d drawers", src,
                    import->task[first->task], first->character, N_DRAWER);
    }
    if (import->n % N_DRAWER)
        PT_FAIL(FORMAT, "%s: the last character lacks drawings", src);
    return PT_OK;
}

static pt_split_t split_of(const pt_import_omniglot_t *options, int32_t task,
                           int64_t character, int32_t drawer)
{
    if (!options->shuffled)
        return fixed_split[drawer - 1];
    pt_rng_t rng = {.seed = options->seed,
                    .purpose = PT_RNG_SPLIT,
                    .task = (uint16_t)task,
                    .step = (uint32_t)character};
    int64_t place = pt_permute(&rng, N_DRAWER, drawer - 1);
    return place < per_character[PT_SPLIT_TRAIN] ? PT_SPLIT_TRAIN
           : place < per_character[PT_SPLIT_TRAIN] + per_character[PT_SPLIT_VAL]
               ? PT_SPLIT_VAL
               : PT_SPLIT_TEST;
}

typedef struct arrays {
    uint8_t *images[PT_N_SPLIT];
    int64_t *index[PT_N_SPLIT];
    int32_t *labels[PT_N_SPLIT];
    const char **names;
    pt_task_source_t *task;
} arrays_t;

static pt_status_t alloc_arrays(const import_t *import, arrays_t *arrays)
{
    int64_t n_character = import->n / N_DRAWER;
    size_t size = (size_t)(import->options->size * import->options->size);
    for (int s = 0; s < PT_N_SPLIT; s++) {
        size_t n = (size_t)(n_character * per_character[s]);
        PT_TRY(pt_alloc(&arrays->images[s], n, size));
        PT_TRY(pt_alloc(&arrays->index[s], n, sizeof(int64_t)));
        PT_TRY(pt_alloc(&arrays->labels[s], n, sizeof(int32_t)));
    }
    PT_TRY(pt_alloc(&arrays->names, (size_t)n_character, sizeof(char *)));
    PT_TRY(pt_alloc(&arrays->task, (size_t)import->n_task, sizeof arrays->task[0]));
    return PT_OK;
}

/* In the order of the sorted drawings: a task's rows in a split follow each other. */
static void fill_arrays(const import_t *import, const arrays_t *arrays)
{
    size_t size = (size_t)(import->options->size * import->options->size);
    int64_t n[PT_N_SPLIT] = {0};
    for (int64_t i = 0; i < import->n; i++) {
        const drawing_t *d = &import->drawing[i];
        pt_task_source_t *task = &arrays->task[d->task];
        if (i == 0 || d->task != d[-1].task) {
            *task = (pt_task_source_t){.info.kind = PT_TASK_CLASSIFICATION,
                                       .class_names = &arrays->names[i / N_DRAWER]};
            strcpy(task->info.name, import->task[d->task]);
            for (int s = 0; s < PT_N_SPLIT; s++)
                task->rows[s] = (pt_task_rows_t){.index = &arrays->index[s][n[s]],
                                                 .labels = &arrays->labels[s][n[s]]};
        }
        if (i % N_DRAWER == 0) {
            arrays->names[i / N_DRAWER] = d->character;
            task->info.classes++;
        }
        int32_t label = task->info.classes - 1;
        pt_split_t s = split_of(import->options, d->task, label, d->drawer);
        memcpy(arrays->images[s] + (size_t)n[s] * size, d->pixels, size);
        arrays->index[s][n[s]] = n[s];
        arrays->labels[s][n[s]++] = label;
        task->rows[s].n++;
    }
}

static pt_status_t write_out(const import_t *import, const arrays_t *arrays,
                             const char *out)
{
    const pt_import_omniglot_t *options = import->options;
    char origin[160];
    pt_dataset_source_t source = {.height = options->size,
                                  .width = options->size,
                                  .channels = 1,
                                  .n_task = import->n_task,
                                  .task = arrays->task,
                                  .origin = origin};
    if (options->shuffled)
        snprintf(origin, sizeof origin,
                 "Omniglot (Lake et al., Science 350, 2015), shuffled split, seed %llu",
                 (unsigned long long)options->seed);
    else
        snprintf(origin, sizeof origin,
                 "Omniglot (Lake et al., Science 350, 2015), fixed split by drawer");
    for (int s = 0; s < PT_N_SPLIT; s++) {
        source.n[s] = import->n / N_DRAWER * per_character[s];
        source.images[s] = arrays->images[s];
    }
    return pt_dataset_write(out, &source);
}

static bool is_archive(const char *name)
{
    static const char *const ending[] = {".tar", ".tar.gz", ".tgz"};
    size_t bytes = strlen(name);
    for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++) {
        size_t n = strlen(ending[i]);
        if (name[0] != '.' && bytes > n && strcmp(name + bytes - n, ending[i]) == 0)
            return true;
    }
    return false;
}

/* A folder without alphabets may hold them packed. */
static pt_status_t read_archive_in(import_t *import, const char *folder)
{
    char path[PT_PATH_MAX];
    int n = 0;
    pt_status_t status = PT_OK;
    DIR *open = opendir(folder);
    if (!open)
        PT_FAIL(IO, "%s: cannot open folder: %s", folder, strerror(errno));
    for (struct dirent *e = readdir(open); status == PT_OK && e; e = readdir(open))
        if (is_archive(e->d_name) && n++ == 0)
            status = pt_path_join(folder, e->d_name, path);
    closedir(open);
    PT_TRY(status);
    if (n != 1)
        PT_FAIL(FORMAT,
                "%s: no ALPHABET/characterNN/IIII_DD.png of a wanted alphabet below it; "
                "%d archives (*.tar, *.tar.gz, *.tgz) in it, expected one",
                folder, n);
    return pt_tar_walk(path, want_drawing, take_drawing, import);
}

static pt_status_t read_source(import_t *import, const char *src)
{
    struct stat info;
    if (stat(src, &info))
        PT_FAIL(IO, "%s: no such folder or archive", src);
    if (!S_ISDIR(info.st_mode))
        return pt_tar_walk(src, want_drawing, take_drawing, import);
    PT_TRY(pt_folder_walk(src, want_drawing, take_drawing, import));
    return import->n > 0 ? PT_OK : read_archive_in(import, src);
}

pt_status_t pt_import_omniglot(const char *src, const char *out,
                               const pt_import_omniglot_t *options)
{
    pt_status_t status = PT_OK;
    import_t *import = NULL;
    arrays_t arrays = {.task = NULL};
    if (options->size < 1 || options->size > 1024)
        PT_FAIL(USAGE, "size is %lld, expected 1 to 1024", (long long)options->size);
    PT_TRY(pt_alloc(&import, 1, sizeof *import));
    import->options = options;
    PT_TRY_OR(done, pick_tasks(import));
    PT_TRY_OR(done, read_source(import, src));
    if (import->takes_all)
        sort_tasks(import);
    if (import->n > 0)
        qsort(import->drawing, (size_t)import->n, sizeof(drawing_t), by_place);
    PT_TRY_OR(done, check_complete(import, src));
    PT_TRY_OR(done, alloc_arrays(import, &arrays));
    fill_arrays(import, &arrays);
    PT_TRY_OR(done, write_out(import, &arrays, out));
done:
    for (int s = 0; s < PT_N_SPLIT; s++) {
        pt_free(arrays.images[s]);
        pt_free(arrays.index[s]);
        pt_free(arrays.labels[s]);
    }
    pt_free(arrays.names);
    pt_free(arrays.task);
    for (int64_t i = 0; i < import->n; i++)
        pt_free(import->drawing[i].pixels);
    pt_free(import->drawing);
    pt_free(import);
    return status;
}
