/* What a task is trained on and judged by. */
#include "polytree/train/objective.h"

enum { KIND_LOSSES = 4 };

/* The default first; both lists end with AUTO, which is 0. */
static const struct {
    pt_task_loss_t loss[KIND_LOSSES + 1];
    pt_task_metric_t metric[PT_KIND_METRICS + 1];
} kinds[PT_N_TASK_KIND] = {
    [PT_TASK_CLASSIFICATION] = {{PT_LOSS_CROSS_ENTROPY},
                                {PT_METRIC_ACCURACY, PT_METRIC_BALANCED_ACCURACY,
                                 PT_METRIC_MACRO_F1, PT_METRIC_AUC}},
    [PT_TASK_MULTILABEL] = {{PT_LOSS_BCE, PT_LOSS_BCE_BALANCED}, {PT_METRIC_AUC}},
    [PT_TASK_SEGMENTATION] = {{PT_LOSS_CROSS_ENTROPY},
                              {PT_METRIC_MIOU, PT_METRIC_PIXEL_ACCURACY}},
    [PT_TASK_DEPTH] = {{PT_LOSS_L1, PT_LOSS_MSE},
                       {PT_METRIC_RMSE, PT_METRIC_ABS_ERROR, PT_METRIC_REL_ERROR}},
    [PT_TASK_NORMALS] = {{PT_LOSS_L1_NORMALS, PT_LOSS_COSINE, PT_LOSS_L1, PT_LOSS_MSE},
                         {PT_METRIC_MEAN_ANGLE, PT_METRIC_MEDIAN_ANGLE, PT_METRIC_WITHIN_11,
                          PT_METRIC_WITHIN_22, PT_METRIC_WITHIN_30}},
    [PT_TASK_EDGES] = {{PT_LOSS_BCE, PT_LOSS_BCE_BALANCED},
                       {PT_METRIC_EDGE_F, PT_METRIC_AUC}},
    [PT_TASK_SALIENCY] = {{PT_LOSS_BCE_BALANCED, PT_LOSS_BCE},
                          {PT_METRIC_MAX_IOU, PT_METRIC_AUC}},
    [PT_TASK_REGRESSION] = {{PT_LOSS_MSE, PT_LOSS_L1, PT_LOSS_COSINE},
                            {PT_METRIC_RMSE, PT_METRIC_R2, PT_METRIC_ABS_ERROR}},
};

int32_t pt_kind_metrics(pt_task_kind_t kind, const pt_task_metric_t **metric)
{
    int32_t n = 0;

    *metric = kinds[kind].metric;
    while (kinds[kind].metric[n] != PT_METRIC_AUTO)
        n++;
    return n;
}

static pt_status_t choose_loss(const pt_task_info_t *info, pt_task_loss_t wanted,
                               pt_task_loss_t *loss)
{
    const pt_task_loss_t *known = kinds[info->kind].loss;
    char words[128];
    pt_text_t all = pt_text_in(words, sizeof words);

    for (int32_t i = 0; known[i] != PT_LOSS_AUTO; i++) {
        if (wanted == PT_LOSS_AUTO || wanted == known[i]) {
            *loss = known[i];
            return PT_OK;
        }
        pt_text_add(&all, " %s", pt_loss_name(known[i]));
    }
    PT_FAIL(CONFIG, "task %s: loss %s does not suit %s, expected auto or one of:%s",
            info->name, pt_loss_name(wanted), pt_task_kind_name(info->kind), words);
}

static pt_status_t choose_metric(const pt_task_info_t *info, pt_task_metric_t wanted,
                                 pt_task_metric_t *metric)
{
    const pt_task_metric_t *known = kinds[info->kind].metric;
    char words[128];
    pt_text_t all = pt_text_in(words, sizeof words);

    for (int32_t i = 0; known[i] != PT_METRIC_AUTO; i++) {
        if (wanted == PT_METRIC_AUTO || wanted == known[i]) {
            *metric = known[i];
            return PT_OK;
        }
        pt_text_add(&all, " %s", pt_metric_name(known[i]));
    }
    PT_FAIL(CONFIG, "task %s: metric %s does not suit %s, expected auto or one of:%s",
            info->name, pt_metric_name(wanted), pt_task_kind_name(info->kind), words);
}

pt_status_t pt_objective_make(const pt_config_t *config, const pt_task_info_t *info,
                              pt_objective_t *out)
{
    pt_task_config_t c = pt_config_task(config, info->name);
    bool is_class = info->kind == PT_TASK_CLASSIFICATION;
    bool is_whole = is_class || info->kind == PT_TASK_MULTILABEL;
    bool is_softmax = is_class || info->kind == PT_TASK_SEGMENTATION;
    pt_objective_t o = {.info = info,
                        .outputs = info->classes,
                        .labels = is_softmax ? 1 : info->classes,
                        .smoothing = is_whole ? config->train.label_smoothing : 0,
                        .weight = c.weight,
                        .positive_weight = c.positive_weight,
                        .tolerance = c.tolerance};

    PT_TRY(choose_loss(info, c.loss, &o.loss));
    PT_TRY(choose_metric(info, c.metric, &o.metric));
    if (c.positive_weight != 0 && o.loss != PT_LOSS_BCE)
        PT_FAIL(CONFIG, "task %s: positive_weight is for loss bce, not for %s", info->name,
                pt_loss_name(o.loss));
    if (info->kind == PT_TASK_EDGES && o.positive_weight == 0)
        o.positive_weight = PT_EDGE_POSITIVE;
    *out = o;
    return PT_OK;
}
