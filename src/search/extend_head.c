/* What heads of new tasks begin at: the ridge that chose their entry, where a head is
 * linear in the entry's features (docs/methods.md, tasks added to a trained network). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "search/extend_entry.h"

/* Scores of classes are near 0 and 1; as logits they are 2^p times as large, p from: */
enum { LEAST_POWER = -2 };

static bool is_class(const pt_task_info_t *info)
{
    return info->kind == PT_TASK_CLASSIFICATION || info->kind == PT_TASK_SEGMENTATION;
}

/* The read-out that a new task trains, or -1. */
static int32_t own_read_out(const extend_entries_t *e, const extend_entry_t *entry)
{
    const pt_space_t *space = e->s->space;
    if (!entry->is_alone)
        return -1;
    int32_t out =
        pt_space_find_choice(space, PT_CHOICE_OUT, entry->at == 0 ? 1 : entry->at, 0);
    const pt_candidate_t *c = &space->candidate[space->choice[out].candidate];
    return c->group >= 0 ? space->choice[out].candidate : -1;
}

/* Why a head cannot begin at a linear model of the entry's features; NULL: it can. */
static const char *find_obstacle(const extend_entries_t *e, const extend_entry_t *entry)
{
    const pt_config_t *config = e->s->config;
    const pt_space_t *space = e->s->space;
    int32_t out = own_read_out(e, entry);
    if (config->head.linear)
        return "of the inputs, with head.linear";
    if (config->head.norm)
        return "anew, behind the batch norm of head.norm";
    if (pt_task_is_map(e->info) && config->head.kind == PT_HEAD_DEEPLAB)
        return "anew, as it has more layers than one";
    if (space->kind == PT_SPACE_BRANCH && entry->at < space->n_layer)
        return "anew, behind layers of its own";
    if (out < 0)
        return NULL;
    if (config->space.adapter_norm)
        return "anew, behind the batch norm of space.adapter_norm";
    int32_t in = pt_space_find_choice(space, PT_CHOICE_IN, 0, 1);
    if (entry->at == 0 && space->candidate[space->choice[in].candidate].group >= 0)
        return "anew, behind a read-in that is trained too";
    if (e->n_taken[out] + e->n_output > space->node[space->candidate[out].dst].shape.c)
        return "anew, as the channels of its read-out are taken by other tasks";
    return NULL;
}

static double score_of(const pt_linear_model_t *m, const double *x, int32_t c)
{
    double sum = m->intercept[c];
    for (int32_t j = 0; j < m->n_feature; j++)
        sum += m->weight[j * m->n_output + c] * x[j];
    return sum;
}

/* - log of the probability of a row's labels by logits `scale` times the scores. */
static double loss_of(const extend_entries_t *e, const double *score, const double *y,
                      double scale)
{
    double most = 0, sum = 0, own = 0, loss = 0;
    for (int32_t c = 0; c < e->n_output; c++) {
        double logit = scale * (score[c] - 0.5);
        most = c == 0 ? scale * score[c] : fmax(most, scale * score[c]);
        own += y[c] * scale * score[c];
        loss += fmax(logit, 0) + log1p(exp(-fabs(logit))) - y[c] * logit;
    }
    if (!is_class(e->info))
        return loss;
    for (int32_t c = 0; c < e->n_output; c++)
        sum += exp(scale * score[c] - most);
    return most + log(sum) - own;
}

pt_status_t extend_head_weigh(const extend_entries_t *e, const pt_rows_t *rows,
                              const pt_linear_model_t *m, double loss[EXTEND_SCALES])
{
    double *score;
    PT_TRY(pt_alloc(&score, (size_t)e->n_output, sizeof *score));
    for (int64_t i = 0; i < rows->n; i++) {
        for (int32_t c = 0; c < e->n_output; c++)
            score[c] = score_of(m, rows->x + i * rows->n_feature, c);
        for (int p = 0; p < EXTEND_SCALES; p++)
            loss[p] +=
                loss_of(e, score, rows->y + i * e->n_output, ldexp(1, LEAST_POWER + p));
    }
    pt_free(score);
    return PT_OK;
}

static double find_scale(const double loss[EXTEND_SCALES])
{
    int best = 0;
    for (int p = 1; p < EXTEND_SCALES; p++)
        best = loss[p] < loss[best] ? p : best;
    return ldexp(1, LEAST_POWER + best);
}

/* Room for a tensor, zero; or at what it had in the old network, or what has been begun. */
static pt_status_t begin_tensor(extend_t *x, const pt_param_t *param, bool is_old,
                                float **data)
{
    char name[PT_RECORD_NAME];
    snprintf(name, sizeof name, "weight/%s", param->name);
    const pt_record_t *record = pt_checkpoint_find(&x->start, name);
    if (record == NULL && is_old) {
        const void *old;
        PT_TRY(pt_checkpoint_get(&x->kept, name, PT_DTYPE_F32, param->count, &old));
        PT_TRY(pt_checkpoint_keep(&x->start, pt_checkpoint_find(&x->kept, name), NULL));
    } else if (record == NULL) {
        float *zero;
        PT_TRY(pt_alloc(&zero, (size_t)param->count, sizeof *zero));
        pt_record_t empty = {.dtype = PT_DTYPE_F32, .n_dim = 1, .data = zero};
        empty.dim[0] = param->count;
        pt_status_t status = pt_checkpoint_keep(&x->start, &empty, name);
        pt_free(zero);
        PT_TRY(status);
    }
    *data = pt_checkpoint_find(&x->start, name)->data;
    return PT_OK;
}

/* The next channels of the read-out are the model's outputs, without intercepts. */
static pt_status_t put_read_out(extend_entries_t *e, int32_t out,
                                const pt_linear_model_t *m)
{
    const pt_store_t *store = &e->s->space->store;
    const pt_group_t *group = &store->group[e->s->space->candidate[out].group];
    float *data;
    PT_TRY(begin_tensor(&e->s->extend, &store->param[group->first_param], true, &data));
    for (int32_t c = 0; c < m->n_output; c++)
        for (int32_t j = 0; j < m->n_feature; j++)
            data[(e->n_taken[out] + c) * m->n_feature + j] =
                (float)m->weight[j * m->n_output + c];
    return PT_OK;
}

/* logit_c = scale (score_c - middle), the score being read from a channel of `out`, if
 * there is one. */
static pt_status_t put_head(extend_entries_t *e, int32_t task, int32_t out,
                            const pt_linear_model_t *m, double scale, double middle)
{
    const pt_space_t *space = e->s->space;
    const pt_group_t *group =
        &space->store.group[space->candidate[pt_space_head(space, task)].group];
    for (int32_t p = group->first_param; p < group->first_param + group->n_param; p++) {
        const pt_param_t *param = &space->store.param[p];
        int64_t n_in = param->count / m->n_output;
        float *data;
        PT_TRY(begin_tensor(&e->s->extend, param, false, &data));
        for (int32_t c = 0; c < m->n_output; c++) {
            if (param->n_dim == 1)
                data[c] = (float)(scale * (m->intercept[c] - middle));
            else if (out >= 0)
                data[c * n_in + e->n_taken[out] + c] = (float)scale;
            for (int32_t j = 0; j < n_in && param->n_dim > 1 && out < 0; j++)
                data[c * n_in + j] = (float)(scale * m->weight[j * m->n_output + c]);
        }
    }
    return PT_OK;
}

pt_status_t extend_head_begin(extend_entries_t *e, int32_t task,
                              const extend_entry_t *entry, const pt_linear_model_t *model,
                              const double loss[EXTEND_SCALES], const char **where)
{
    int32_t out = own_read_out(e, entry);
    bool is_float = pt_task_is_float(e->info);
    *where = find_obstacle(e, entry);
    if (*where != NULL)
        return PT_OK;
    *where = "there";
    PT_TRY(put_head(e, task, out, model, is_float ? 1 : find_scale(loss),
                    is_float || is_class(e->info) ? 0 : 0.5));
    if (out < 0)
        return PT_OK;
    PT_TRY(put_read_out(e, out, model));
    e->n_taken[out] += model->n_output;
    return PT_OK;
}
