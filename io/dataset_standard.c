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

static int64_t task_channels(const pt_dataset_t *dataset, int32_t task)
{
    return dataset->schema.task[task].info.channels;
}

static void set_task(pt_dataset_t *dataset, int32_t task, pt_standard_t *standard)
{
    pt_free(dataset->task_standard[task]);
    dataset->task_standard[task] = standard;
    dataset->schema.task[task].info.standard = standard;
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

pt_status_t pt_dataset_set_standards(pt_dataset_t *dataset, const pt_standard_t *input,
                                     const pt_standard_t *const *task)
{
    pt_standard_t *standard = NULL;
    if (dataset->task_standard == NULL)
        PT_TRY(pt_alloc(&dataset->task_standard, (size_t)dataset->schema.n_task,
                        sizeof dataset->task_standard[0]));
    PT_TRY(copy_standards(input, dataset->schema.input.hwc[2], &standard));
    pt_free(dataset->standard);
    dataset->standard = standard;
    for (int32_t t = 0; t < dataset->schema.n_task; t++) {
        PT_TRY(copy_standards(task[t], task_channels(dataset, t), &standard));
        set_task(dataset, t, standard);
    }
    return PT_OK;
}

void pt_dataset_release_standards(pt_dataset_t *dataset)
{
    for (int32_t t = 0; dataset->task_standard && t < dataset->schema.n_task; t++)
        pt_free(dataset->task_standard[t]);
    pt_free(dataset->task_standard);
    pt_free(dataset->standard);
}

/* Rows that are read together. */
enum { ROWS = 64 };

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
    int64_t values = input->hwc[0] * input->hwc[1] * input->hwc[2], row[ROWS], n = 0;
    pt_moments_t moments;
    float *buffer = NULL;
    pt_status_t status = PT_OK;
    if (input->cell != PT_CELL_F32)
        return PT_OK;
    PT_TRY_OR(done, pt_moments_init(&moments, input->hwc[2]));
    PT_TRY_OR(done, pt_alloc(&buffer, (size_t)(ROWS * values), sizeof *buffer));
    for (int64_t i = 0, end = input->n[PT_SPLIT_TRAIN]; i <= end; i++) {
        if (n == ROWS || (i == end && n > 0)) {
            PT_TRY_OR(done, pt_dataset_read(dataset, PT_SPLIT_TRAIN, row, n, buffer));
            pt_moments_add(&moments, buffer, n * values);
            n = 0;
        }
        if (i < end && pt_bitset_get(taken, i))
            row[n++] = i;
    }
    if (has_scale_of_its_own(input, &moments)) {
        PT_TRY_OR(done, pt_alloc(out, (size_t)moments.n_channel, sizeof **out));
        pt_moments_standards(&moments, *out);
    }
done:
    pt_free(buffer);
    pt_moments_release(&moments);
    return status;
}

static pt_status_t measure_labels(pt_dataset_t *dataset, int32_t task,
                                  const uint64_t *taken, pt_standard_t **out)
{
    const pt_schema_task_t *t = &dataset->schema.task[task];
    int64_t width = pt_task_labels(&t->info);
    pt_moments_t moments;
    pt_label_t *label = NULL;
    pt_status_t status = PT_OK;
    if (t->info.kind != PT_TASK_REGRESSION)
        return PT_OK;
    PT_TRY_OR(done, pt_moments_init(&moments, t->info.channels));
    PT_TRY_OR(done, pt_alloc(&label, (size_t)width, sizeof *label));
    for (int64_t i = 0; i < t->n[PT_SPLIT_TRAIN]; i++) {
        int64_t row = t->index[PT_SPLIT_TRAIN] ? t->index[PT_SPLIT_TRAIN][i] : i;
        if (!pt_bitset_get(taken, row))
            continue;
        PT_TRY_OR(done,
                  pt_dataset_read_labels(dataset, PT_SPLIT_TRAIN, task, &i, 1, label));
        pt_moments_add(&moments, &label->f, width);
    }
    PT_TRY_OR(done, pt_alloc(out, (size_t)moments.n_channel, sizeof **out));
    pt_moments_standards(&moments, *out);
done:
    pt_free(label);
    pt_moments_release(&moments);
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

pt_status_t pt_dataset_standardise(pt_dataset_t *dataset, const uint64_t *taken,
                                   pt_comm_t *comm)
{
    const pt_schema_t *schema = &dataset->schema;
    pt_standard_t *input = NULL, **task = NULL;
    pt_status_t status = PT_OK;
    bool is_root = pt_comm_rank(comm) == 0;
    status = pt_alloc(&task, (size_t)schema->n_task, sizeof *task);
    if (status == PT_OK && is_root)
        status = measure_inputs(dataset, taken, &input);
    for (int32_t t = 0; is_root && status == PT_OK && t < schema->n_task; t++)
        status = measure_labels(dataset, t, taken, &task[t]);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    PT_TRY_OR(done, share(comm, schema->input.hwc[2], &input));
    for (int32_t t = 0; t < schema->n_task; t++)
        PT_TRY_OR(done, share(comm, task_channels(dataset, t), &task[t]));
    status = pt_dataset_set_standards(dataset, input, (const pt_standard_t *const *)task);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
done:
    for (int32_t t = 0; task && t < schema->n_task; t++)
        pt_free(task[t]);
    pt_free(task);
    pt_free(input);
    return status;
}
