/* Presets: what papers and their code set where our defaults differ. */
#include <string.h>

#include "config/option.h"

/* Brueggemann et al., BMVC 2020, arXiv 2008.10292: what the paper and its code set where
 * our defaults differ. */
static const char *const bmtas[] = {
    "space.kind=branch",
    "space.affine_last=0",
    "augment.rotate=0",
    "augment.shear=0",
    "augment.shift=0",
    "augment.flip=horizontal",
    "train.batch=16",
    "train.turn=tasks",
    "train.tasks_per_step=1",
    "train.weighting=fixed",
    "train.label_smoothing=0",
    "train.clip_norm=0",
    "train.decay_norm_bias=1",
    "warmup.steps=5e",
    "warmup.optimizer=adam",
    "warmup.lr=1e-3",
    "warmup.decay=1e-4",
    "warmup.schedule=constant",
    "warmup.lr_warmup=0",
    "search.steps=95e",
    "search.alpha_part=0.2",
    "search.alternate=1e",
    "search.reset_states=1",
    "search.tau_begin=5",
    "search.tau_end=0.1",
    "search.optimizer=adam",
    "search.lr=1e-3",
    "search.decay=1e-4",
    "search.schedule=constant",
    "alpha.optimizer=adam",
    "alpha.lr=1e-2",
    "alpha.decay=5e-5",
    "resource.kind=madds",
    "resource.scale=gflop",
    "resource.weight=0.05",
    "derive.rule=argmax",
    "retrain.from=scratch",
    "retrain.optimizer=sgd",
    "retrain.lr=5e-3",
    "retrain.momentum=0.9",
    "retrain.nesterov=0",
    "retrain.decay=1e-4",
    "retrain.schedule=poly",
    "retrain.poly_power=0.9",
    "retrain.lr_warmup=0",
    "task.segmentation.weight=1",
    "task.parts.weight=2",
    "task.saliency.weight=5",
    "task.normals.weight=10",
    "task.edges.weight=50",
    NULL,
};

static const char *const none[] = {NULL};

const char *const *pt_preset_settings(pt_preset_t preset)
{
    return preset == PT_PRESET_BMTAS ? bmtas : none;
}
