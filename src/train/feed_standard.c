/* Units of inputs and labels, from the samples that a network is trained on. */
#include "polytree/train/feed.h"

#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"
#include "polytree/par/log.h"
#include "polytree/train/objective.h"
#include "train/feed_parts.h"

/* The inputs of all bundles' training part. */
static pt_status_t mark_training(const pt_config_t *config, const pt_dataset_t *dataset,
                                 uint64_t *taken)
{
    size_t n_task = (size_t)pt_dataset_n_task(dataset);
    int32_t n_bundle = 0;
    pt_bundle_t *bundle = NULL;
    pt_part_rows_t(*part)[PT_N_PART] = NULL;
    pt_status_t status = PT_OK;
    PT_TRY_OR(done, pt_alloc(&bundle, n_task, sizeof *bundle));
    PT_TRY_OR(done, pt_alloc(&part, n_task, sizeof *part));
    PT_TRY_OR(done, pt_feed_form_bundles(config, dataset, bundle, &n_bundle));
    PT_TRY_OR(done, pt_feed_cut_parts(config, dataset, bundle, n_bundle, part));
    for (int32_t b = 0; b < n_bundle; b++)
        for (int64_t i = 0; i < part[b][PT_PART_TRAIN].n; i++)
            pt_bitset_set(taken, part[b][PT_PART_TRAIN].row[i], true);
done:
    for (size_t b = 0; b < n_task; b++) {
        if (bundle)
            pt_free(bundle[b].task);
        for (int p = 0; part && p < PT_N_PART; p++)
            pt_free(part[b][p].row);
    }
    pt_free(part);
    pt_free(bundle);
    return status;
}

/* Regressions; but the direction of a vector is of its own units. */
static pt_status_t mark_tasks(const pt_config_t *config, const pt_dataset_t *dataset,
                              uint64_t *tasks)
{
    pt_objective_t o;
    for (int32_t t = 0; t < pt_dataset_n_task(dataset); t++) {
        PT_TRY(pt_objective_make(config, pt_dataset_task(dataset, t), &o));
        pt_bitset_set(tasks, t,
                      o.info->kind == PT_TASK_REGRESSION && o.loss != PT_LOSS_COSINE);
    }
    return PT_OK;
}

static void warn_of_coarse(const pt_dataset_t *dataset)
{
    char text[PT_COARSE_TEXT];
    for (int32_t t = 0; t < pt_dataset_n_task(dataset); t++)
        if (pt_dataset_is_coarse(dataset, t, text))
            pt_log(PT_LOG_WARNING, "%s", text);
}

static void warn_of_blurred(const pt_dataset_t *dataset)
{
    char text[PT_COARSE_TEXT];
    for (int32_t t = -1; t < pt_dataset_n_task(dataset); t++)
        if (pt_dataset_is_blurred(dataset, t, text))
            pt_log(PT_LOG_WARNING, "%s", text);
}

pt_status_t pt_feed_standardise(const pt_config_t *config, pt_dataset_t *dataset,
                                pt_comm_t *comm, pt_comm_t *node)
{
    uint64_t *taken = NULL, *tasks = NULL;
    pt_status_t status;
    if (config->data.standardise == PT_STANDARDISE_NONE) {
        warn_of_coarse(dataset);
        warn_of_blurred(dataset);
        return PT_OK;
    }
    size_t words = pt_bitset_words(pt_dataset_n_input(dataset, PT_SPLIT_TRAIN));
    status = pt_alloc(&taken, words, sizeof *taken);
    if (status == PT_OK)
        status =
            pt_alloc(&tasks, pt_bitset_words(pt_dataset_n_task(dataset)), sizeof *tasks);
    if (status == PT_OK)
        status = mark_training(config, dataset, taken);
    if (status == PT_OK)
        status = mark_tasks(config, dataset, tasks);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    status = pt_dataset_standardise(dataset, taken, tasks, comm, node);
    if (status == PT_OK)
        warn_of_blurred(dataset);
done:
    pt_free(tasks);
    pt_free(taken);
    return status;
}
