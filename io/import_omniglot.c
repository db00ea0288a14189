/* Importer of Omniglot: each alphabet is a task, each of its characters a class. */
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

enum { FULL_SIZE = 105, N_DRAWER = 20, MAX_ALPHABET = 256, MAX_NAME = 64 };

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

typedef struct omniglot_drawing {
    int32_t alphabet, drawer;
    char character[MAX_NAME];
    uint8_t *pixels; /* size * size, ink = 255 */
} omniglot_drawing_t;

typedef struct import {
    const pt_import_omniglot_t *options;
    bool takes_all;
    char alphabet[MAX_ALPHABET][MAX_NAME];
    int32_t n_alphabet;
    omniglot_drawing_t *drawing;
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

static int32_t find_alphabet(const import_t *import, const char *alphabet)
{
    for (int32_t t = 0; t < import->n_alphabet; t++)
        if (strcmp(import->alphabet[t], alphabet) == 0)
            return t;
    return -1;
}

static int want_drawing(void *context, const char *path)
{
    import_t *import = context;
    char alphabet[MAX_NAME], character[MAX_NAME];
    int32_t drawer;
    return split_path(path, alphabet, character, &drawer) &&
           (import->takes_all || find_alphabet(import, alphabet) >= 0);
}

static pt_status_t take_drawing(void *context, const char *path, const char *data,
                                size_t bytes)
{
    import_t *import = context;
    int64_t size = import->options->size;
    char alphabet[MAX_NAME];
    omniglot_drawing_t drawing = {.pixels = NULL};
    if (!split_path(path, alphabet, drawing.character, &drawing.drawer))
        return PT_OK;
    if (drawing.drawer < 1 || drawing.drawer > N_DRAWER)
        PT_FAIL(FORMAT, "%s: drawer %d, expected 1 to %d", path, drawing.drawer, N_DRAWER);
    drawing.alphabet = find_alphabet(import, alphabet);
    if (drawing.alphabet < 0) {
        if (import->n_alphabet == MAX_ALPHABET)
            PT_FAIL(FORMAT, "%s: more than %d alphabets", path, MAX_ALPHABET);
        drawing.alphabet = import->n_alphabet++;
        strcpy(import->alphabet[drawing.alphabet], alphabet);
    }
    PT_TRY(pt_png_decode(path, data, bytes, FULL_SIZE, FULL_SIZE, import->full));
    for (int i = 0; i < FULL_SIZE * FULL_SIZE; i++)
        import->full[i] = import->full[i] < 128 ? 255 : 0;
    PT_TRY(pt_grow(&import->drawing, &import->capacity, (size_t)import->n + 1,
                   sizeof drawing));
    PT_TRY(pt_alloc(&drawing.pixels, (size_t)(size * size), 1));
    import->drawing[import->n++] = drawing;
    return pt_image_average(import->full, FULL_SIZE, FULL_SIZE, 1, drawing.pixels, size,
                            size);
}

static pt_status_t pick_alphabets(import_t *import)
{
    static const char between[] = " \t\r\n,";
    const char *names = import->options->tasks ? import->options->tasks : literature;
    import->takes_all = strcmp(names, "all") == 0;
    for (const char *t = names + strspn(names, between); *t && !import->takes_all;
         t += strspn(t, between)) {
        char name[MAX_NAME] = "";
        size_t bytes = strcspn(t, between);
        if (bytes >= sizeof name || import->n_alphabet == MAX_ALPHABET)
            PT_FAIL(USAGE, "'%.80s': too long a list or name of alphabets", t);
        memcpy(name, t, bytes);
        if (find_alphabet(import, name) >= 0)
            PT_FAIL(USAGE, "alphabet '%s' is named twice", name);
        strcpy(import->alphabet[import->n_alphabet++], name);
        t += bytes;
    }
    if (import->n_alphabet == 0 && !import->takes_all)
        PT_FAIL(USAGE, "no alphabet is named");
    return PT_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Alphabets taken as they come have no order of their own: by name. */
static void sort_alphabets(import_t *import)
{
    char before[MAX_ALPHABET][MAX_NAME];
    memcpy(before, import->alphabet, sizeof before);
    qsort(import->alphabet, (size_t)import->n_alphabet, MAX_NAME, by_text);
    for (int64_t i = 0; i < import->n; i++)
        import->drawing[i].alphabet =
            find_alphabet(import, before[import->drawing[i].alphabet]);
}

static int by_place(const void *a, const void *b)
{
    const omniglot_drawing_t *x = a, *y = b;
    if (x->alphabet != y->alphabet)
        return x->alphabet < y->alphabet ? -1 : 1;
    int order = strcmp(x->character, y->character);
    return order ? order : x->drawer - y->drawer;
}

/* Every character by all drawers, so that drawing i is by drawer i % 20 + 1. */
static pt_status_t check_complete(const import_t *import, const char *src)
{
    for (int32_t t = 0; t < import->n_alphabet; t++) {
        bool is_there = false;
        for (int64_t i = 0; i < import->n && !is_there; i++)
            is_there = import->drawing[i].alphabet == t;
        if (!is_there)
            PT_FAIL(FORMAT, "%s: no drawings of alphabet '%s'", src, import->alphabet[t]);
    }
    if (import->n == 0)
        PT_FAIL(FORMAT, "%s: no ALPHABET/characterNN/IIII_DD.png", src);
    for (int64_t i = 0; i < import->n; i++) {
        const omniglot_drawing_t *d = &import->drawing[i], *first = d - i % N_DRAWER;
        if (d->alphabet != first->alphabet || strcmp(d->character, first->character) != 0 ||
            d->drawer != i % N_DRAWER + 1)
            PT_FAIL(FORMAT, "%s: %s/%s: expected one drawing by each of %d drawers", src,
                    import->alphabet[first->alphabet], first->character, N_DRAWER);
    }
    if (import->n % N_DRAWER)
        PT_FAIL(FORMAT, "%s: the last character lacks drawings", src);
    return PT_OK;
}

static pt_split_t split_of(const pt_import_omniglot_t *options, int32_t alphabet,
                           int64_t character, int32_t drawer)
{
    if (!options->shuffled)
        return fixed_split[drawer - 1];
    pt_rng_t rng = {.seed = options->seed,
                    .purpose = PT_RNG_SPLIT,
                    .task = (uint16_t)alphabet,
                    .step = (uint32_t)character};
    int64_t place = pt_permute(&rng, N_DRAWER, drawer - 1);
    return place < per_character[PT_SPLIT_TRAIN] ? PT_SPLIT_TRAIN
           : place < per_character[PT_SPLIT_TRAIN] + per_character[PT_SPLIT_VAL]
               ? PT_SPLIT_VAL
               : PT_SPLIT_TEST;
}

typedef struct arrays {
    uint8_t *images[PT_N_SPLIT];
    int64_t *index[PT_N_SPLIT], *group[PT_N_SPLIT]; /* group: the drawer */
    int32_t *labels[PT_N_SPLIT];
    const char **names;
    int64_t n[PT_N_SPLIT];
    pt_task_source_t *task;
    int32_t n_task;
} arrays_t;

static pt_status_t alloc_arrays(const import_t *import, arrays_t *arrays)
{
    int64_t n_character = import->n / N_DRAWER;
    size_t size = (size_t)(import->options->size * import->options->size);
    for (int s = 0; s < PT_N_SPLIT; s++) {
        size_t n = (size_t)(n_character * per_character[s]);
        PT_TRY(pt_alloc(&arrays->images[s], n, size));
        PT_TRY(pt_alloc(&arrays->index[s], n, sizeof(int64_t)));
        PT_TRY(pt_alloc(&arrays->group[s], n, sizeof(int64_t)));
        PT_TRY(pt_alloc(&arrays->labels[s], n, sizeof(int32_t)));
    }
    PT_TRY(pt_alloc(&arrays->names, (size_t)n_character, sizeof(char *)));
    /* A task has a character at least. */
    PT_TRY(pt_alloc(&arrays->task, (size_t)n_character, sizeof arrays->task[0]));
    return PT_OK;
}

/* A task of `n` of an alphabet's characters, from number `first` on; `d`: the alphabet's
 * first drawing.  A task's rows in a split follow each other. */
static void add_task(const import_t *import, const omniglot_drawing_t *d, int64_t first,
                     int64_t n, const char *name, arrays_t *arrays)
{
    size_t size = (size_t)(import->options->size * import->options->size);
    pt_task_source_t *task = &arrays->task[arrays->n_task++];
    const char **names = &arrays->names[(d - import->drawing) / N_DRAWER + first];
    *task =
        (pt_task_source_t){.info = {.kind = PT_TASK_CLASSIFICATION, .classes = (int32_t)n},
                           .class_names = names};
    strcpy(task->info.name, name);
    for (int s = 0; s < PT_N_SPLIT; s++)
        task->rows[s] = (pt_task_rows_t){.index = &arrays->index[s][arrays->n[s]],
                                         .labels = &arrays->labels[s][arrays->n[s]]};
    for (int64_t c = 0; c < n; c++)
        names[c] = d[(first + c) * N_DRAWER].character;
    for (int64_t i = first * N_DRAWER; i < (first + n) * N_DRAWER; i++) {
        pt_split_t s = split_of(import->options, d->alphabet, i / N_DRAWER, d[i].drawer);
        int64_t row = arrays->n[s]++;
        memcpy(arrays->images[s] + (size_t)row * size, d[i].pixels, size);
        arrays->index[s][row] = row;
        arrays->group[s][row] = d[i].drawer;
        arrays->labels[s][row] = (int32_t)(i / N_DRAWER - first);
        task->rows[s].n++;
    }
}

/* The tasks of the alphabet whose first drawing is `d`. */
static pt_status_t cut_alphabet(const import_t *import, const omniglot_drawing_t *d,
                                int64_t n_character, arrays_t *arrays)
{
    const char *alphabet = import->alphabet[d->alphabet];
    int64_t each = import->options->characters;
    int64_t n_task = each == 0 || n_character < each ? 1 : n_character / each;
    for (int64_t t = 0; t < n_task; t++) {
        int64_t first = t * each, n = t == n_task - 1 ? n_character - first : each;
        char name[MAX_NAME + 32];
        if (each == 0)
            snprintf(name, sizeof name, "%s", alphabet);
        else
            snprintf(name, sizeof name, "%s_%02d", alphabet, (int)t + 1);
        if (strlen(name) >= MAX_NAME)
            PT_FAIL(FORMAT, "alphabet '%s': too long a name to be numbered", alphabet);
        add_task(import, d, first, n, name, arrays);
    }
    return PT_OK;
}

/* In the order of the sorted drawings. */
static pt_status_t fill_arrays(const import_t *import, arrays_t *arrays)
{
    const omniglot_drawing_t *d = import->drawing, *end = d + import->n;
    while (d < end) {
        const omniglot_drawing_t *next = d;
        while (next < end && next->alphabet == d->alphabet)
            next += N_DRAWER;
        PT_TRY(cut_alphabet(import, d, (next - d) / N_DRAWER, arrays));
        d = next;
    }
    return PT_OK;
}

static pt_status_t write_out(const import_t *import, const arrays_t *arrays,
                             const char *out)
{
    const pt_import_omniglot_t *options = import->options;
    char origin[160];
    pt_dataset_source_t source = {.height = options->size,
                                  .width = options->size,
                                  .channels = 1,
                                  .n_task = arrays->n_task,
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
        source.group[s] = arrays->group[s];
    }
    return pt_dataset_write(out, &source);
}

static bool is_archive(const char *name)
{
    static const char *const ending[] = {".tar",  ".tar.gz", ".tgz", ".tar.bz2",
                                         ".tbz2", ".tar.xz", ".txz", ".tar.zst",
                                         ".tzst", ".zip",    ".7z"};
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
                "%d archives (*.tar, *.tar.gz, *.zip and so on) in it, expected one",
                folder, n);
    return pt_archive_walk(path, want_drawing, take_drawing, import);
}

static pt_status_t read_source(import_t *import, const char *src)
{
    struct stat info;
    if (stat(src, &info))
        PT_FAIL(IO, "%s: no such folder or archive", src);
    if (!S_ISDIR(info.st_mode))
        return pt_archive_walk(src, want_drawing, take_drawing, import);
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
    if (options->characters != 0 && options->characters < 2)
        PT_FAIL(USAGE, "%lld characters of a task, expected 2 or more",
                (long long)options->characters);
    PT_TRY(pt_alloc(&import, 1, sizeof *import));
    import->options = options;
    PT_TRY_OR(done, pick_alphabets(import));
    PT_TRY_OR(done, read_source(import, src));
    if (import->takes_all)
        sort_alphabets(import);
    if (import->n > 0)
        qsort(import->drawing, (size_t)import->n, sizeof(omniglot_drawing_t), by_place);
    PT_TRY_OR(done, check_complete(import, src));
    PT_TRY_OR(done, alloc_arrays(import, &arrays));
    PT_TRY_OR(done, fill_arrays(import, &arrays));
    PT_TRY_OR(done, write_out(import, &arrays, out));
done:
    for (int s = 0; s < PT_N_SPLIT; s++) {
        pt_free(arrays.images[s]);
        pt_free(arrays.index[s]);
        pt_free(arrays.group[s]);
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
