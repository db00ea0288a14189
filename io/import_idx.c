/* Importer of the idx files of MNIST and its kin: a task for each class, or one for all. */
#include "polytree/io/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/io/dataset.h"
#include "io/file.h"

/* gzip gets at most 1032:1, so that a header which promises more is refused. */
enum { MAX_SIDE = 1024, MAX_RATIO = 1040 };

/* One of the two parts, train and t10k. */
typedef struct part {
    int64_t n, height, width;
    uint8_t *images, *labels;
} part_t;

/* Which samples of a part a split draws from. */
typedef struct row_pool {
    const part_t *part;
    int64_t *row; /* ascending */
    int64_t n;
} row_pool_t;

static pt_status_t open_any(const char *src, const char *stem, char path[PT_PATH_MAX],
                            gzFile *file)
{
    static const char *const end[] = {"", ".gz"};
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s-ubyte%s", stem, end[i]);
        PT_TRY(pt_path_join(src, name, path));
        if (!pt_path_exists(path))
            continue;
        *file = gzopen(path, "rb");
        if (!*file)
            PT_FAIL(IO, "%s: cannot open: %s", path, strerror(errno));
        return PT_OK;
    }
    PT_FAIL(IO, "%s: no file %s-ubyte or %s-ubyte.gz", src, stem, stem);
}

static pt_status_t read_exactly(gzFile file, const char *path, uint8_t *out, int64_t bytes)
{
    while (bytes > 0) {
        int64_t chunk = bytes < 1 << 24 ? bytes : 1 << 24;
        int n = gzread(file, out, (unsigned)chunk);
        if (n <= 0)
            PT_FAIL(FORMAT, "%s: ends early or is broken", path);
        out += n;
        bytes -= n;
    }
    return PT_OK;
}

static int64_t big_endian(const uint8_t byte[4])
{
    return (int64_t)byte[0] << 24 | byte[1] << 16 | byte[2] << 8 | byte[3];
}

/* An IDX file of bytes with n_dim dimensions. */
static pt_status_t read_idx(gzFile file, const char *path, int n_dim, int64_t dim[3],
                            uint8_t **out)
{
    uint8_t word[4];
    struct stat info;
    int64_t bytes = 1;
    PT_TRY(read_exactly(file, path, word, 4));
    if (big_endian(word) != 0x800 + n_dim)
        PT_FAIL(FORMAT, "%s: begins with %08llx, expected %08x", path,
                (unsigned long long)big_endian(word), 0x800u + (unsigned)n_dim);
    for (int i = 0; i < n_dim; i++) {
        PT_TRY(read_exactly(file, path, word, 4));
        dim[i] = big_endian(word);
        if (dim[i] < 1 || (i > 0 && dim[i] > MAX_SIDE))
            PT_FAIL(FORMAT, "%s: dimension %d is %lld", path, i, (long long)dim[i]);
        bytes *= dim[i];
    }
    if (stat(path, &info) || bytes / MAX_RATIO > (int64_t)info.st_size)
        PT_FAIL(FORMAT, "%s: too small for the %lld bytes that it promises", path,
                (long long)bytes);
    PT_TRY(pt_alloc(out, (size_t)bytes, 1));
    PT_TRY(read_exactly(file, path, *out, bytes));
    return PT_OK;
}

static pt_status_t read_file(const char *src, const char *stem, int n_dim, int64_t dim[3],
                             uint8_t **out)
{
    char path[PT_PATH_MAX];
    gzFile file = NULL;
    PT_TRY(open_any(src, stem, path, &file));
    pt_status_t status = read_idx(file, path, n_dim, dim, out);
    gzclose(file);
    return status;
}

static pt_status_t read_part(const char *src, const char *name, part_t *part)
{
    char stem[64];
    int64_t dim[3], n_label[3];
    snprintf(stem, sizeof stem, "%s-images-idx3", name);
    PT_TRY(read_file(src, stem, 3, dim, &part->images));
    snprintf(stem, sizeof stem, "%s-labels-idx1", name);
    PT_TRY(read_file(src, stem, 1, n_label, &part->labels));
    if (n_label[0] != dim[0])
        PT_FAIL(FORMAT, "%s: %lld labels for %lld %s images", src, (long long)n_label[0],
                (long long)dim[0], name);
    *part = (part_t){dim[0], dim[1], dim[2], part->images, part->labels};
    return PT_OK;
}

static int32_t count_classes(const part_t part[2])
{
    int32_t most = 1;
    for (int p = 0; p < 2; p++)
        for (int64_t i = 0; i < part[p].n; i++)
            most = part[p].labels[i] > most ? part[p].labels[i] : most;
    return most + 1;
}

/* The samples at places first..first+n-1 of a permutation by seed, in file order. */
static pt_status_t pick(row_pool_t *pool, const part_t *part, uint64_t seed, int64_t first,
                        int64_t n)
{
    const pt_rng_t rng = {.seed = seed, .purpose = PT_RNG_SPLIT};
    uint8_t *is_in = NULL;
    pool->part = part;
    PT_TRY(pt_alloc(&pool->row, (size_t)n, sizeof(int64_t)));
    PT_TRY(pt_alloc(&is_in, (size_t)part->n, 1));
    for (int64_t i = 0; i < n; i++)
        is_in[pt_permute(&rng, part->n, first + i)] = 1;
    for (int64_t i = 0; i < part->n; i++)
        if (is_in[i])
            pool->row[pool->n++] = i;
    pt_free(is_in);
    return PT_OK;
}

typedef struct made {
    int64_t n;
    uint8_t *images;
    int32_t *labels[2];
    int64_t *group; /* NULL: none */
} made_t;

static pt_status_t alloc_made(made_t *made, int64_t n, size_t values, bool pair,
                              bool has_group)
{
    made->n = n;
    if (has_group)
        PT_TRY(pt_alloc(&made->group, (size_t)n, sizeof *made->group));
    PT_TRY(pt_alloc(&made->images, (size_t)n, values));
    for (int t = 0; t <= pair; t++)
        PT_TRY(pt_alloc(&made->labels[t], (size_t)n, sizeof(int32_t)));
    return PT_OK;
}

static void copy_single(const row_pool_t *pool, made_t *made)
{
    size_t values = (size_t)(pool->part->height * pool->part->width);
    for (int64_t i = 0; i < made->n; i++) {
        size_t row = (size_t)pool->row[i];
        memcpy(made->images + (size_t)i * values, pool->part->images + row * values,
               values);
        made->labels[0][i] = pool->part->labels[row];
    }
}

/* Brightest of what is there and the sample, whose corner comes to (shift, shift). */
static void overlay(const part_t *part, int64_t row, int64_t shift, uint8_t *image,
                    int64_t size)
{
    const uint8_t *src = part->images + row * part->height * part->width;
    for (int64_t y = 0; y < part->height; y++)
        for (int64_t x = 0; x < part->width; x++) {
            uint8_t *dst = &image[(y + shift) * size + x + shift], v = *src++;
            *dst = *dst > v ? *dst : v;
        }
}

/* Group g of the pool's samples has those from this one on to that of g + 1. */
static int64_t first_of_group(const row_pool_t *pool, int64_t n_group, int64_t g)
{
    return (g * pool->n + n_group - 1) / n_group;
}

/* Image i has sample i mod n of the pool's permutation number i div n at the upper left,
 * and any other one of its group at the lower right. */
static void draw_pairs(const row_pool_t *pool, const pt_import_idx_t *options,
                       pt_split_t split, made_t *made)
{
    int64_t size = options->size, n_group = options->n_group > 1 ? options->n_group : 1;
    for (int64_t i = 0; i < made->n; i++) {
        pt_rng_t order = {.seed = options->seed,
                          .purpose = PT_RNG_DRAW,
                          .phase = (uint8_t)split,
                          .step = (uint32_t)(i / pool->n)};
        pt_rng_t partner = order;
        partner.task = 1;
        partner.step = 0;
        int64_t a = pt_permute(&order, pool->n, i % pool->n);
        int64_t g = a * n_group / pool->n, first = first_of_group(pool, n_group, g);
        int64_t n_other = first_of_group(pool, n_group, g + 1) - first - 1;
        int64_t b =
            first + (int64_t)(pt_rng_uniform(&partner, (uint64_t)i) * (double)n_other);
        b += b >= a;
        if (made->group != NULL)
            made->group[i] = (int64_t)split * n_group + g;
        const int64_t row[2] = {pool->row[a], pool->row[b]};
        for (int t = 0; t < 2; t++) {
            int64_t shift = t * (size - pool->part->height);
            overlay(pool->part, row[t], shift, made->images + i * size * size, size);
            made->labels[t][i] = pool->part->labels[row[t]];
        }
    }
}

static int64_t smallest_pool(const pt_import_idx_t *options, const part_t part[2])
{
    int64_t n = part[0].n - options->n_val;
    n = part[1].n < n ? part[1].n : n;
    return options->n_val > 0 && options->n_val < n ? options->n_val : n;
}

static pt_status_t check_options(const pt_import_idx_t *options, const part_t part[2],
                                 const char *src)
{
    int64_t n_pool = part[0].n - options->n_val;
    if (part[0].height != part[1].height || part[0].width != part[1].width)
        PT_FAIL(FORMAT, "%s: train and t10k images differ in size", src);
    if (options->n_train < 0 || options->n_val < 0 || options->n_test < 0)
        PT_FAIL(USAGE, "a number of samples is negative");
    if (n_pool < 2 || (options->pair && (options->n_val == 1 || part[1].n < 2)))
        PT_FAIL(USAGE, "%s: %lld of %lld train samples for val leaves too few", src,
                (long long)options->n_val, (long long)part[0].n);
    if (options->pair && (part[0].height != part[0].width ||
                          options->size < part[0].height || options->size > MAX_SIDE))
        PT_FAIL(USAGE, "size of a pair is %lld, expected %lld to %d",
                (long long)options->size, (long long)part[0].height, MAX_SIDE);
    if (options->pair && options->n_group > smallest_pool(options, part) / 2)
        PT_FAIL(USAGE,
                "%s: %lld groups of samples, of which a split has %lld: expected two "
                "in each at least",
                src, (long long)options->n_group, (long long)smallest_pool(options, part));
    if (!options->pair && (options->n_train > n_pool || options->n_test > part[1].n))
        PT_FAIL(USAGE,
                "%s: has %lld samples for train and %lld for test, fewer than asked "
                "for",
                src, (long long)n_pool, (long long)part[1].n);
    return PT_OK;
}

static pt_status_t make_split(const pt_import_idx_t *options, const part_t part[2],
                              pt_split_t split, made_t *made)
{
    row_pool_t pool = {.n = 0};
    pt_status_t status = PT_OK;
    const part_t *from = &part[split == PT_SPLIT_TEST];
    const int64_t wanted[] = {options->n_train, options->n_val, options->n_test};
    const int64_t has[] = {part[0].n - options->n_val, options->n_val, part[1].n};
    int64_t n = wanted[split] > 0 ? wanted[split] : has[split];
    int64_t size = options->pair ? options->size : 0;
    size_t values = (size_t)(options->pair ? size * size : from->height * from->width);
    int64_t first = split == PT_SPLIT_TRAIN ? options->n_val : 0;
    if (n == 0)
        return PT_OK;
    PT_TRY_OR(done,
              pick(&pool, from, options->seed, first, options->pair ? has[split] : n));
    PT_TRY_OR(done, alloc_made(made, n, values, options->pair,
                               options->pair && options->n_group > 1));
    if (options->pair)
        draw_pairs(&pool, options, split, made);
    else
        copy_single(&pool, made);
done:
    pt_free(pool.row);
    return status;
}

static pt_status_t write_out(const pt_import_idx_t *options, const part_t part[2],
                             const made_t made[PT_N_SPLIT], const char *out)
{
    static const char *const name[] = {"class", "left", "right"};
    pt_task_source_t task[2] = {{.class_names = NULL}};
    pt_dataset_source_t source = {
        .height = options->pair ? options->size : part[0].height,
        .width = options->pair ? options->size : part[0].width,
        .channels = 1,
        .n_task = options->pair ? 2 : 1,
        .task = task,
        .origin = options->pair ? "IDX files, two samples overlaid in opposite corners"
                                : "IDX files"};
    for (int t = 0; t < source.n_task; t++) {
        task[t].info.kind = PT_TASK_CLASSIFICATION;
        task[t].info.classes = count_classes(part);
        strcpy(task[t].info.name, name[options->pair ? t + 1 : 0]);
        for (int s = 0; s < PT_N_SPLIT; s++)
            task[t].rows[s] = (pt_task_rows_t){.n = made[s].n, .labels = made[s].labels[t]};
    }
    for (int s = 0; s < PT_N_SPLIT; s++) {
        source.n[s] = made[s].n;
        source.images[s] = made[s].images;
        source.group[s] = made[s].group;
    }
    return pt_dataset_write(out, &source);
}

pt_status_t pt_import_idx(const char *src, const char *out, const pt_import_idx_t *options)
{
    part_t part[2] = {{.n = 0}};
    made_t made[PT_N_SPLIT] = {{.n = 0}};
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, read_part(src, "train", &part[0]));
    PT_TRY_OR(done, read_part(src, "t10k", &part[1]));
    PT_TRY_OR(done, check_options(options, part, src));
    for (int s = 0; s < PT_N_SPLIT; s++)
        PT_TRY_OR(done, make_split(options, part, (pt_split_t)s, &made[s]));
    PT_TRY_OR(done, write_out(options, part, made, out));
done:
    for (int p = 0; p < 2; p++) {
        pt_free(part[p].images);
        pt_free(part[p].labels);
    }
    for (int s = 0; s < PT_N_SPLIT; s++) {
        pt_free(made[s].images);
        pt_free(made[s].group);
        pt_free(made[s].labels[0]);
        pt_free(made[s].labels[1]);
    }
    return status;
}
