/* What a data set is, and whether another file is the same. */
#include "io/dataset.h"

#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"

static void add_tables(const pt_schema_t *schema, bool is_rounded, pt_digest_t *digest)
{
    const pt_schema_input_t *input = &schema->input;
    int32_t look[] = {input->is_image, input->cell == PT_CELL_U8, schema->n_task};
    pt_digest_add(digest, look, sizeof look);
    pt_digest_add(digest, input->hwc, sizeof input->hwc);
    pt_digest_add(digest, input->n, sizeof input->n);
    for (int s = 0; s < PT_N_SPLIT; s++)
        if (schema->group[s]) {
            pt_digest_add(digest, "group", sizeof "group");
            pt_digest_add(digest, schema->group[s], (size_t)input->n[s] * sizeof(int64_t));
        }
    for (int32_t t = 0; t < schema->n_task; t++) {
        const pt_schema_task_t *task = &schema->task[t];
        int32_t info[] = {(int32_t)task->info.kind, task->info.classes,
                          task->info.has_ignore, task->info.ignore};
        pt_digest_add(digest, task->info.name, strlen(task->info.name) + 1);
        pt_digest_add(digest, info, sizeof info);
        if (task->info.is_inverse)
            pt_digest_add(digest, "inverse", sizeof "inverse");
        for (int s = 0; s < PT_N_SPLIT; s++) {
            int64_t head[] = {task->n[s], task->index[s] != NULL};
            pt_digest_add(digest, head, sizeof head);
            if (task->index[s])
                pt_digest_add(digest, task->index[s], (size_t)task->n[s] * sizeof(int64_t));
            const pt_tally_t *tally = &task->tally[s];
            pt_digest_add(digest, is_rounded ? tally->rounded : tally->digest,
                          sizeof tally->digest);
        }
    }
}

/* Of everything, of the inputs of one split, and of everything in float32. */
typedef struct digests {
    pt_digest_t *whole, *part, *rounded;
} digests_t;

/* Rows that are read together. */
enum { ROWS = 256, CHUNK = 1 << 16 };

/* Numbers that float32 does not hold, as a network's units are formed of them. */
static pt_status_t add_wide(const pt_stack_t *stack, digests_t *d)
{
    int64_t values = stack->n_value;
    int64_t rows = CHUNK / values > 0 ? CHUNK / values : 1;
    double *buffer;
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&buffer, (size_t)(rows * values), sizeof *buffer));
    for (int64_t first = 0; first < stack->n; first += rows) {
        int64_t n = rows < stack->n - first ? rows : stack->n - first;
        PT_TRY_OR(done, pt_stack_read_exact(stack, first, n, buffer));
        pt_digest_add(d->whole, buffer, (size_t)(n * values) * sizeof *buffer);
        pt_digest_add(d->part, buffer, (size_t)(n * values) * sizeof *buffer);
    }
done:
    pt_free(buffer);
    return status;
}

/* All inputs of a split: into the digests, and a look at their values.  All are seen
 * before a run begins: `test` would else be found bad when everything is trained. */
static pt_status_t add_inputs(pt_dataset_t *dataset, const char *path, pt_split_t split,
                              digests_t *d)
{
    const pt_stack_t *stack = &dataset->input[split];
    bool is_wide = pt_number_is_wide(dataset->schema.input.number[split]);
    int64_t row[ROWS], k;
    const char *stored;
    for (int64_t first = 0; first < stack->n; first += k) {
        int64_t left = stack->n - first, n = left < ROWS ? left : ROWS;
        for (int64_t i = 0; i < n; i++)
            row[i] = first + i;
        PT_TRY(pt_stack_fetch(stack, &dataset->staging, row, n, &stored, &k));
        size_t bytes = (size_t)k * stack->row_bytes;
        int64_t bad = pt_schema_find_not_finite(&dataset->schema.input, stored, k);
        if (bad >= 0)
            PT_FAIL(FORMAT, "%s: %s input %lld has a value that is not finite as float32",
                    path, pt_split_name(split), (long long)(first + bad));
        pt_digest_add(d->rounded, stored, bytes);
        pt_digest_add(d->whole, stored, is_wide ? 0 : bytes);
        pt_digest_add(d->part, stored, is_wide ? 0 : bytes);
    }
    return is_wide ? add_wide(stack, d) : PT_OK;
}

static pt_status_t form_digest(pt_dataset_t *dataset, const char *path,
                               char of_input[PT_N_SPLIT][33], digests_t *d)
{
    add_tables(&dataset->schema, false, d->whole);
    add_tables(&dataset->schema, true, d->rounded);
    for (int s = 0; s < PT_N_SPLIT; s++) {
        pt_digest_free(d->part);
        d->part = NULL;
        PT_TRY(pt_digest_new(&d->part));
        PT_TRY(add_inputs(dataset, path, (pt_split_t)s, d));
        pt_digest_hex(d->part, of_input[s]);
    }
    pt_digest_hex(d->whole, dataset->digest.text);
    pt_digest_hex(d->rounded, dataset->digest.rounded);
    return PT_OK;
}

pt_status_t pt_dataset_form_digest(pt_dataset_t *dataset, const char *path,
                                   char of_input[PT_N_SPLIT][33])
{
    digests_t d = {NULL, NULL, NULL};
    pt_status_t status;
    PT_TRY_OR(done, pt_digest_new(&d.whole));
    PT_TRY_OR(done, pt_digest_new(&d.rounded));
    PT_TRY_OR(done, form_digest(dataset, path, of_input, &d));
done:
    pt_digest_free(d.part);
    pt_digest_free(d.rounded);
    pt_digest_free(d.whole);
    return status;
}

static bool has_same_index(const pt_schema_task_t *a, const pt_schema_task_t *b, int s)
{
    if (a->n[s] != b->n[s] || (a->index[s] == NULL) != (b->index[s] == NULL))
        return false;
    return a->index[s] == NULL ||
           memcmp(a->index[s], b->index[s], (size_t)a->n[s] * sizeof *a->index[s]) == 0;
}

static bool is_same_task(const pt_task_info_t *a, const pt_task_info_t *b)
{
    return strcmp(a->name, b->name) == 0 && a->kind == b->kind &&
           a->classes == b->classes && a->is_inverse == b->is_inverse &&
           a->has_ignore == b->has_ignore && (!a->has_ignore || a->ignore == b->ignore);
}

static const char *name_inputs(const pt_schema_input_t *input)
{
    return input->is_image ? "images" : "inputs";
}

static pt_status_t differs(const char *path, const char *where, const char *what)
{
    PT_FAIL(MISMATCH, "%s: %s%s is not that of rank 0: all ranks must have the same data",
            path, where, what);
}

static pt_status_t check_task(const pt_schema_task_t *own, const pt_schema_task_t *theirs,
                              const char *path)
{
    char where[32];
    if (!is_same_task(&own->info, &theirs->info))
        return differs(path, "/tasks/", own->info.name);
    for (int s = 0; s < PT_N_SPLIT; s++) {
        snprintf(where, sizeof where, "/%s/tasks/", pt_split_name((pt_split_t)s));
        if (!has_same_index(own, theirs, s) ||
            strcmp(own->tally[s].digest, theirs->tally[s].digest) != 0)
            return differs(path, where, own->info.name);
    }
    return PT_OK;
}

pt_status_t pt_schema_check_same(const pt_schema_t *own, const pt_schema_t *theirs,
                                 const char *path)
{
    const pt_schema_input_t *a = &own->input, *b = &theirs->input;
    char where[32];
    for (int s = 0; s < PT_N_SPLIT; s++) {
        snprintf(where, sizeof where, "/%s/", pt_split_name((pt_split_t)s));
        if (a->is_image != b->is_image || a->cell != b->cell || a->scale != b->scale ||
            a->n[s] != b->n[s] || memcmp(a->hwc, b->hwc, sizeof a->hwc) != 0)
            return differs(path, where, name_inputs(a));
        if (!own->group[s] != !theirs->group[s] ||
            (own->group[s] && memcmp(own->group[s], theirs->group[s],
                                     (size_t)a->n[s] * sizeof(int64_t)) != 0))
            return differs(path, where, "group");
    }
    if (own->n_task != theirs->n_task)
        return differs(path, "/", "tasks");
    for (int32_t t = 0; t < own->n_task; t++)
        PT_TRY(check_task(&own->task[t], &theirs->task[t], path));
    return PT_OK;
}

pt_status_t pt_dataset_check_inputs(const pt_dataset_t *dataset, const char *path,
                                    char own[PT_N_SPLIT][33], char theirs[PT_N_SPLIT][33])
{
    char where[32];
    for (int s = 0; s < PT_N_SPLIT; s++) {
        snprintf(where, sizeof where, "/%s/", pt_split_name((pt_split_t)s));
        if (strcmp(own[s], theirs[s]) != 0)
            return differs(path, where, name_inputs(&dataset->schema.input));
    }
    return PT_OK;
}
