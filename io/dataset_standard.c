/* Units in which inputs and labels have mean 0 and deviation 1. */
#include <string.h>

#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"
#include "io/dataset.h"
#include "io/moments.h"

const pt_standard_t *pt_dataset_input_standard(const pt_dataset_t *dataset)
{
    return dataset->standard;
}

static pt_status_t copy_standards(const pt_standard_t *from, int64_t n, pt_standard_t **to)
{
    *to = NULL;
    if (from == NULL)
        return PT_OK;
    PT_TRY(pt_alloc(to, (size_t)n, sizeof **to));
    memcpy(*to, from, (size_t)n * sizeof **to);
    return PT_OK;
}

/* A task's, or of -1 the inputs'; `standard` is the data set's from now on. */
static void set_standard(pt_dataset_t *dataset, int32_t task, pt_standard_t *standard)
{
    pt_standard_t **own = task < 0 ? &dataset->standard : &dataset->task_standard[task];
    pt_stack_t *stack = task < 0 ? dataset->input : dataset->label[task];
    for (int s = 0; s < PT_N_SPLIT; s++)
        stack[s].standard = standard;
    if (task >= 0)
        dataset->schema.task[task].info.standard = standard;
    pt_free(*own);
    *own = standard;
}

static int64_t n_channel(const pt_dataset_t *dataset, int32_t task)
{
    return task < 0 ? dataset->schema.input.hwc[2]
                    : dataset->schema.task[task].info.channels;
}

static bool are_equal(const pt_standard_t *a, const pt_standard_t *b, int64_t n)
{
    return a == b || (a && b && memcmp(a, b, (size_t)n * sizeof *a) == 0);
}

/* Rows in memory are in the units that they were read in: those of others are read anew,
 * whenever they are needed. */
static pt_status_t take_standard(pt_dataset_t *dataset, int32_t task,
                                 const pt_standard_t *wanted)
{
    const pt_standard_t *own = task < 0 ? dataset->standard : dataset->task_standard[task];
    pt_stack_t *stack = task < 0 ? dataset->input : dataset->label[task];
    pt_standard_t *standard;
    if (are_equal(own, wanted, n_channel(dataset, task)))
        return PT_OK;
    PT_TRY(copy_standards(wanted, n_channel(dataset, task), &standard));
    set_standard(dataset, task, standard);
    for (int s = 0; s < PT_N_SPLIT; s++)
        stack[s].rows = stack[s].rest = NULL;
    return dataset->staging.room ? PT_OK : pt_dataset_stage(dataset);
}

pt_status_t pt_dataset_set_standards(pt_dataset_t *dataset, const pt_standard_t *input,
                                     const pt_standard_t *const *task)
{
    if (dataset->task_standard == NULL)
        PT_TRY(pt_alloc(&dataset->task_standard, (size_t)dataset->schema.n_task,
                        sizeof dataset->task_standard[0]));
    PT_TRY(take_standard(dataset, -1, input));
    for (int32_t t = 0; t < dataset->schema.n_task; t++)
        PT_TRY(take_standard(dataset, t, task[t]));
    return PT_OK;
}

/* Doubles that are read together, or one row where that has more. */
enum { CHUNK = 1 << 16 };

static int64_t rows_of_chunk(int64_t values)
{
    return CHUNK / values > 0 ? CHUNK / values : 1;
}

/* Moments of what `taken` has of a stack of train; `index` says which input a row is of. */
static pt_status_t measure(const pt_stack_t *stack, const int64_t *index,
                           const uint64_t *taken, pt_moments_t *moments)
{
    int64_t values = stack->n_value;
    int64_t rows = rows_of_chunk(values);
    double *buffer = NULL;
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&buffer, (size_t)(rows * values), sizeof *buffer));
    for (int64_t first = 0; first < stack->n; first += rows) {
        int64_t n = rows < stack->n - first ? rows : stack->n - first;
        PT_TRY_OR(done, pt_stack_read_exact(stack, first, n, buffer));
        for (int64_t i = 0; i < n; i++)
            if (pt_bitset_get(taken, index ? index[first + i] : first + i))
                pt_moments_add(moments, buffer + i * values, values);
    }
done:
    pt_free(buffer);
    return status;
}

/* Images within 0 to 1 are as those of bytes are. */
static bool has_scale_of_its_own(const pt_schema_input_t *input, const pt_moments_t *m)
{
    for (int64_t c = 0; c < m->n_channel; c++)
        if (m->channel[c].n > 0 && (m->channel[c].least < 0 || m->channel[c].most > 1))
            return true;
    return !input->is_image;
}

static pt_status_t measure_inputs(pt_dataset_t *dataset, const uint64_t *taken,
                                  pt_standard_t **out)
{
    const pt_schema_input_t *input = &dataset->schema.input;
    pt_moments_t moments;
    pt_status_t status = PT_OK;
    if (input->cell != PT_CELL_F32)
        return PT_OK;
    PT_TRY_OR(done, pt_moments_init(&moments, input->hwc[2]));
    PT_TRY_OR(done, measure(&dataset->input[PT_SPLIT_TRAIN], NULL, taken, &moments));
    if (has_scale_of_its_own(input, &moments)) {
        dataset->blur =
            pt_moments_find_blur(&moments, input->number[PT_SPLIT_TRAIN], input->scale);
        PT_TRY_OR(done, pt_alloc(out, (size_t)moments.n_channel, sizeof **out));
        pt_moments_standards(&moments, *out);
    }
done:
    pt_moments_release(&moments);
    return status;
}

static pt_status_t measure_labels(const pt_dataset_t *dataset, int32_t task,
                                  const uint64_t *taken, pt_standard_t **out)
{
    const pt_schema_task_t *t = &dataset->schema.task[task];
    pt_moments_t moments;
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, pt_moments_init(&moments, t->info.channels));
    PT_TRY_OR(done, measure(&dataset->label[task][PT_SPLIT_TRAIN], t->index[PT_SPLIT_TRAIN],
                            taken, &moments));
    PT_TRY_OR(done, pt_alloc(out, (size_t)moments.n_channel, sizeof **out));
    pt_moments_standards(&moments, *out);
done:
    pt_moments_release(&moments);
    return status;
}

/* What is in memory of the inputs (task -1) or of a task. */
static pt_status_t convert_rows(pt_dataset_t *dataset, int32_t task,
                                const pt_standard_t *standard)
{
    const pt_stack_t *stack = task < 0 ? dataset->input : dataset->label[task];
    int64_t values = stack->n_value;
    int64_t rows = rows_of_chunk(values);
    double *buffer = NULL;
    pt_status_t status = PT_OK;
    PT_TRY(pt_alloc(&buffer, (size_t)(rows * values), sizeof *buffer));
    for (const pt_stack_t *end = stack + PT_N_SPLIT; stack < end; stack++)
        for (int64_t first = 0; first < stack->n; first += rows) {
            int64_t n = rows < stack->n - first ? rows : stack->n - first;
            size_t row_bytes = stack->row_bytes;
            PT_TRY_OR(done, pt_stack_read_units(stack, standard, first, n, buffer));
            for (int64_t i = 0; i < n; i++)
                memcpy(pt_stack_row(stack, first + i),
                       (char *)buffer + (size_t)i * row_bytes, row_bytes);
        }
done:
    pt_free(buffer);
    return status;
}

/* The others get what rank 0 has. */
static pt_status_t share(pt_comm_t *comm, int64_t n, pt_standard_t **standard)
{
    bool is_there = *standard != NULL;
    pt_status_t status = PT_OK;
    PT_TRY(pt_comm_bcast(comm, &is_there, sizeof is_there, 0));
    if (is_there && *standard == NULL)
        status = pt_alloc(standard, (size_t)n, sizeof **standard);
    PT_AGREE(comm, status);
    return is_there ? pt_comm_bcast(comm, *standard, (size_t)n * sizeof **standard, 0)
                    : PT_OK;
}

/* standard[0]: of the inputs, then of each task; of rank 0. */
static pt_status_t find_standards(pt_dataset_t *dataset, const uint64_t *taken,
                                  const uint64_t *tasks, pt_standard_t **standard)
{
    PT_TRY(measure_inputs(dataset, taken, &standard[0]));
    for (int32_t t = 0; t < dataset->schema.n_task; t++)
        if (pt_bitset_get(tasks, t))
            PT_TRY(measure_labels(dataset, t, taken, &standard[1 + t]));
    return PT_OK;
}

static pt_status_t standardise(pt_dataset_t *dataset, const uint64_t *taken,
                               const uint64_t *tasks, pt_comm_t *comm, pt_comm_t *node,
                               pt_standard_t **standard)
{
    bool is_root = pt_comm_rank(comm) == 0;
    bool does_fill = dataset->is_loaded && pt_comm_rank(node) == 0;
    pt_status_t status = PT_OK;
    if (dataset->is_loaded && (is_root || does_fill))
        status = pt_dataset_open_stacks(dataset);
    if (is_root && status == PT_OK)
        status = find_standards(dataset, taken, tasks, standard);
    PT_AGREE(comm, status);
    for (int32_t t = -1; t < dataset->schema.n_task; t++)
        PT_TRY(share(comm, n_channel(dataset, t), &standard[1 + t]));
    for (int32_t t = -1; t < dataset->schema.n_task; t++) {
        if (does_fill && status == PT_OK && standard[1 + t])
            status = convert_rows(dataset, t, standard[1 + t]);
        set_standard(dataset, t, standard[1 + t]);
        standard[1 + t] = NULL;
    }
    PT_AGREE(comm, status);
    return dataset->is_loaded ? pt_dataset_loaded(dataset) : PT_OK;
}

pt_status_t pt_dataset_standardise(pt_dataset_t *dataset, const uint64_t *taken,
                                   const uint64_t *tasks, pt_comm_t *comm, pt_comm_t *node)
{
    size_t n_task = (size_t)dataset->schema.n_task;
    pt_standard_t **standard = NULL;
    pt_status_t status = pt_alloc(&standard, 1 + n_task, sizeof *standard);
    if (status == PT_OK)
        status = pt_alloc(&dataset->task_standard, n_task, sizeof *dataset->task_standard);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    status = standardise(dataset, taken, tasks, comm, node, standard);
    if (dataset->is_loaded)
        pt_dataset_close_stacks(dataset);
done:
    for (size_t i = 0; standard && i < 1 + n_task; i++)
        pt_free(standard[i]);
    pt_free(standard);
    return status;
}
