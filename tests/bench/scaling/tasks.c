/* A data set of many small tasks: noise in place of drawings, classes in turn as labels.
 * Good for costs, which depend on shapes alone; nothing can be learnt from it.
 *
 *     build/tests/bench/scaling/tasks OUT.h5 TASKS CLASSES SAMPLES SIDE
 *
 * Every task has SAMPLES of its own in train and CLASSES in test, SIDE x SIDE pixels each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "polytree/base/memory.h"
#include "polytree/base/rng.h"
#include "polytree/io/dataset.h"

typedef struct wanted {
    int32_t n_task, n_class;
    int64_t side, n[PT_N_SPLIT]; /**< samples of a task */
} wanted_t;

/** The rows of all tasks in a split: those of task k begin at k * n. */
typedef struct table {
    int64_t *index;
    int32_t *label;
    uint8_t *image;
} table_t;

static pt_status_t fill_table(const wanted_t *w, pt_split_t split, table_t *table)
{
    const pt_rng_t rng = {.seed = 1, .purpose = PT_RNG_DRAW, .phase = (uint8_t)split};
    int64_t n = w->n_task * w->n[split];
    size_t words = (size_t)(n * w->side * w->side) / 16 + 1;

    PT_TRY(pt_alloc(&table->index, (size_t)n, sizeof *table->index));
    PT_TRY(pt_alloc(&table->label, (size_t)n, sizeof *table->label));
    PT_TRY(pt_alloc(&table->image, words, 16));
    for (int64_t i = 0; i < n; i++) {
        table->index[i] = i;
        table->label[i] = (int32_t)(i % w->n[split] % w->n_class);
    }
    for (size_t i = 0; i < words; i++)
        pt_rng_words(&rng, i, (uint32_t *)(void *)(table->image + 16 * i));
    return PT_OK;
}

static pt_status_t write_tasks(const char *path, const wanted_t *w)
{
    pt_dataset_source_t source = {.height = w->side,
                                  .width = w->side,
                                  .channels = 1,
                                  .n_task = w->n_task,
                                  .origin = "noise for benches"};
    table_t table[PT_N_SPLIT] = {{0}};
    pt_task_source_t *task = NULL;
    pt_status_t status;

    PT_TRY(pt_alloc(&task, (size_t)w->n_task, sizeof *task));
    for (int32_t s = 0; s < PT_N_SPLIT; s++) {
        PT_TRY_OR(done, fill_table(w, (pt_split_t)s, &table[s]));
        source.n[s] = w->n_task * w->n[s];
        source.images[s] = source.n[s] > 0 ? table[s].image : NULL;
    }
    for (int32_t k = 0; k < w->n_task; k++) {
        task[k].info =
            (pt_task_info_t){.kind = PT_TASK_CLASSIFICATION, .classes = w->n_class};
        snprintf(task[k].info.name, sizeof task[k].info.name, "task%04d", (int)k);
        for (int32_t s = 0; s < PT_N_SPLIT; s++)
            task[k].rows[s] = (pt_task_rows_t){.n = w->n[s],
                                               .index = table[s].index + k * w->n[s],
                                               .labels = table[s].label + k * w->n[s]};
    }
    source.task = task;
    status = pt_dataset_write(path, &source);
done:
    for (int32_t s = 0; s < PT_N_SPLIT; s++) {
        pt_free(table[s].index);
        pt_free(table[s].label);
        pt_free(table[s].image);
    }
    pt_free(task);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: tasks OUT.h5 TASKS CLASSES SAMPLES SIDE\n");
        return 2;
    }
    wanted_t w = {.n_task = atoi(argv[2]), .n_class = atoi(argv[3]), .side = atoi(argv[5])};
    w.n[PT_SPLIT_TRAIN] = atoi(argv[4]);
    w.n[PT_SPLIT_TEST] = w.n_class;
    if (write_tasks(argv[1], &w) == PT_OK)
        return 0;
    fprintf(stderr, "tasks: %s\n", pt_error_message());
    return 1;
}
