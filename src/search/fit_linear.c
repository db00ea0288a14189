/* Linear models of the features, fitted: ridge regression for real numbers, logistic
 * regression for classes and labels (docs/methods.md, linear models beside the network).
 * They are all that the heads of search.method = linear have, whose one step this is, and
 * what heads begin at with head.linear. */
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/linalg/linear_model.h"
#include "search/run.h"

/* Penalties that are tried, from the largest on; what is taken where nothing can tell. */
static const double lambdas[] = {1e3, 1e2, 1e1, 1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
enum { N_LAMBDA = sizeof lambdas / sizeof lambdas[0] };
#define LAMBDA_UNTOLD 0.1
/* Rows and features that are few; and the parts of few rows. */
enum { FEW = 1000, N_FOLD = 5 };

/** Rows of some tasks in a part; owned. */
typedef struct linear_table {
    pt_rows_t rows;
    double *x, *y;
    int32_t *group, *label;
    bool is_ragged; /**< samples were left out that have some of the values */
} linear_table_t;

/** Tasks with one set of coefficients, and which output of theirs is fitted. */
typedef struct linear_pool {
    pt_search_t *s;
    pt_feed_t *feed;
    pt_part_t part; /**< to fit to */
    int32_t *task;
    int32_t n_task;
    int32_t output;   /**< that is fitted; -1: all at once */
    int32_t n_output; /**< numbers of the model, or classes */
    int32_t n_class;  /**< 0: a ridge */
    float *input;
    pt_label_t *value;     /**< [microbatch][labels] */
    pt_linear_gram_t gram; /**< of the last fit; tasks often have one table */
} linear_pool_t;

/** What heads begin at, for the tensors of the store; on rank 0. */
typedef struct fitted {
    pt_record_t *record; /**< [n_param], of those that are fitted or zero */
    const pt_record_t **source;
    double least, most; /**< penalties */
} fitted_t;

static void release_table(linear_table_t *t)
{
    pt_free(t->x);
    pt_free(t->y);
    pt_free(t->group);
    pt_free(t->label);
}

static const pt_task_info_t *info_of(const pt_search_t *s, int32_t task)
{
    return pt_dataset_task(pt_trainer_dataset(s->trainer), task);
}

/* A task by itself. */
static int32_t bundle_of(const linear_pool_t *p, int32_t task)
{
    return pt_feed_n_bundle(p->feed) + task;
}

static int64_t most_rows(const linear_pool_t *p, pt_part_t part)
{
    int64_t n = 0;
    for (int32_t i = 0; i < p->n_task; i++)
        n += pt_feed_bundle(p->feed, bundle_of(p, p->task[i]))->n_sample[part];
    return n;
}

/* Values of a label that are none. */
static int64_t count_missing(const pt_task_info_t *info, const pt_label_t *value, int64_t n)
{
    int64_t n_missing = 0;
    for (int64_t c = 0; c < n; c++)
        n_missing +=
            pt_task_is_float(info) ? isnan(value[c].f) != 0 : value[c].i == PT_LABEL_NONE;
    return n_missing;
}

/* Take the labelled samples of a microbatch that has been read. */
static void take_samples(const linear_pool_t *p, int32_t i, int64_t n, linear_table_t *t)
{
    const pt_task_info_t *info = info_of(p->s, p->task[i]);
    int64_t d = t->rows.n_feature, n_label = pt_task_labels(info);
    int64_t first = p->output < 0 ? 0 : p->output, n_value = p->output < 0 ? n_label : 1;
    for (int64_t j = 0; j < n; j++) {
        const pt_label_t *value = p->value + j * n_label + first;
        int64_t n_missing = count_missing(info, value, n_value);
        t->is_ragged |= n_missing > 0 && n_missing < n_value;
        if (n_missing > 0)
            continue;
        int64_t row = t->rows.n++;
        for (int64_t c = 0; c < d; c++)
            t->x[row * d + c] = p->input[j * d + c];
        t->group[row] = i;
        if (p->n_class > 0)
            t->label[row] = value[0].i;
        for (int64_t c = 0; c < n_value && p->n_class == 0; c++)
            t->y[row * n_value + c] = value[c].f;
    }
}

static pt_status_t read_task(const linear_pool_t *p, pt_part_t part, int32_t i,
                             linear_table_t *t)
{
    int32_t bundle = bundle_of(p, p->task[i]);
    int64_t n = pt_feed_bundle(p->feed, bundle)->n_sample[part];
    int64_t batch = p->s->config->train.microbatch;
    for (int64_t first = 0; first < n; first += batch) {
        pt_draw_t draw = {.part = part, .bundle = bundle, .first = first};
        PT_TRY(pt_feed_fill(p->feed, &draw, p->input, &(pt_label_t *){p->value}));
        take_samples(p, i, n - first < batch ? n - first : batch, t);
    }
    return PT_OK;
}

/* Room for n rows. */
static pt_status_t make_table(const linear_pool_t *p, int64_t n_row, linear_table_t *t)
{
    size_t n = (size_t)n_row, d = (size_t)p->s->space->node[0].shape.c;
    PT_TRY(pt_alloc(&t->x, n * d, sizeof *t->x));
    PT_TRY(pt_alloc(&t->group, n, sizeof *t->group));
    if (p->n_class > 0)
        PT_TRY(pt_alloc(&t->label, n, sizeof *t->label));
    else
        PT_TRY(pt_alloc(&t->y, n * (size_t)p->n_output, sizeof *t->y));
    t->rows = (pt_rows_t){.n_feature = (int32_t)d,
                          .n_group = p->n_task,
                          .x = t->x,
                          .group = t->group,
                          .y = t->y,
                          .label = t->label};
    return PT_OK;
}

static pt_status_t read_table(const linear_pool_t *p, pt_part_t part, linear_table_t *t)
{
    PT_TRY(make_table(p, most_rows(p, part), t));
    for (int32_t i = 0; i < p->n_task; i++)
        PT_TRY(read_task(p, part, i, t));
    return PT_OK;
}

/* Of every penalty, the loss that its model has on samples it was not fitted to. */
typedef struct trial {
    double loss[N_LAMBDA]; /* summed over the samples */
    int64_t n;
} trial_t;

static pt_status_t judge(pt_linear_fit_t *fit, const linear_table_t *by, trial_t *trial)
{
    trial->n += by->rows.n;
    for (int i = 0; i < N_LAMBDA && by->rows.n > 0; i++) {
        pt_linear_model_t model;
        double loss;
        PT_TRY(pt_linear_fit_run(fit, lambdas[i], &model));
        pt_status_t status = pt_linear_model_loss(&model, &by->rows, &loss);
        pt_linear_model_release(&model);
        PT_TRY(status);
        trial->loss[i] += loss * (double)by->rows.n;
    }
    return PT_OK;
}

static pt_status_t judge_fitted_to(const linear_pool_t *p, const linear_table_t *rest,
                                   const linear_table_t *by, trial_t *trial)
{
    pt_linear_fit_t *fit;
    if (rest->rows.n == 0)
        return PT_OK;
    PT_TRY(pt_linear_fit_new(&rest->rows, p->n_output, NULL, &fit));
    pt_status_t status = judge(fit, by, trial);
    pt_linear_fit_free(fit);
    return status;
}

/* On the alpha part, by what is fitted to the rest. */
static pt_status_t judge_without_val(const linear_pool_t *p, trial_t *trial)
{
    linear_table_t rest = {.x = NULL}, by = {.x = NULL};
    pt_status_t status;
    PT_TRY_OR(done, read_table(p, PT_PART_WEIGHT, &rest));
    PT_TRY_OR(done, read_table(p, PT_PART_ALPHA, &by));
    PT_TRY_OR(done, judge_fitted_to(p, &rest, &by, trial));
done:
    release_table(&rest);
    release_table(&by);
    return status;
}

/* Few rows are judged by each other, in turn: a val of their size picks by chance.  What
 * belongs together must not part. */
static bool has_folds(const linear_pool_t *p, const linear_table_t *train)
{
    const pt_dataset_t *dataset = pt_trainer_dataset(p->s->trainer);
    return train->rows.n < FEW && train->rows.n_feature < FEW &&
           p->s->config->data.gap == 0 && pt_dataset_group(dataset, PT_SPLIT_TRAIN) == NULL;
}

static void copy_row(const linear_table_t *from, int64_t i, int32_t n_output,
                     linear_table_t *to)
{
    int64_t d = from->rows.n_feature, row = to->rows.n++;
    memcpy(to->x + row * d, from->x + i * d, (size_t)d * sizeof *to->x);
    to->group[row] = from->group[i];
    if (from->label != NULL)
        to->label[row] = from->label[i];
    else
        memcpy(to->y + row * n_output, from->y + i * n_output,
               (size_t)n_output * sizeof *to->y);
}

static pt_status_t judge_fold(const linear_pool_t *p, const linear_table_t *train, int fold,
                              trial_t *trial)
{
    linear_table_t part[2] = {{.x = NULL}, {.x = NULL}}; /* the rest, the fold */
    pt_status_t status;
    for (int i = 0; i < 2; i++)
        PT_TRY_OR(done, make_table(p, train->rows.n, &part[i]));
    for (int64_t i = 0; i < train->rows.n; i++)
        copy_row(train, i, p->n_output, &part[i % N_FOLD == fold]);
    PT_TRY_OR(done, judge_fitted_to(p, &part[0], &part[1], trial));
done:
    release_table(&part[0]);
    release_table(&part[1]);
    return status;
}

static pt_status_t judge_on_val(const linear_pool_t *p, pt_linear_fit_t *fit,
                                trial_t *trial)
{
    linear_table_t val = {.x = NULL};
    pt_status_t status = read_table(p, PT_PART_VAL, &val);
    if (status == PT_OK)
        status = judge(fit, &val, trial);
    release_table(&val);
    return status;
}

/* `fit`: of all that is trained on.  The largest of equals. */
static pt_status_t find_lambda(const linear_pool_t *p, const linear_table_t *train,
                               pt_linear_fit_t *fit, double *lambda)
{
    trial_t trial = {.n = 0};
    int best = 0;
    *lambda = p->s->config->linear.lambda;
    if (*lambda > 0)
        return PT_OK;
    bool in_folds = has_folds(p, train);
    for (int fold = 0; fold < N_FOLD && in_folds; fold++)
        PT_TRY(judge_fold(p, train, fold, &trial));
    if (!in_folds && pt_feed_n_sample(p->feed, PT_PART_VAL) > 0)
        PT_TRY(judge_on_val(p, fit, &trial));
    else if (!in_folds)
        PT_TRY(judge_without_val(p, &trial));
    for (int i = 1; i < N_LAMBDA; i++)
        if (trial.loss[i] < trial.loss[best])
            best = i;
    *lambda = trial.n > 0 ? lambdas[best] : LAMBDA_UNTOLD;
    return PT_OK;
}

/* Of a pair of classes, as one output has them, what tells the second from the first. */
static double output_of(const linear_pool_t *p, const double *row, int32_t output)
{
    return p->n_class == 2 && p->output >= 0 ? row[1] - row[0] : row[output];
}

static void put_model(const linear_pool_t *p, const pt_linear_model_t *m, int32_t i,
                      fitted_t *f)
{
    const pt_space_t *space = p->s->space;
    const pt_candidate_t *head = &space->candidate[pt_space_head(space, p->task[i])];
    const pt_group_t *group = &space->store.group[head->group];
    int32_t n = p->output < 0 ? m->n_output : 1, first = p->output < 0 ? 0 : p->output;
    for (int32_t at = group->first_param; at < group->first_param + group->n_param; at++) {
        if (space->store.param[at].role != PT_ROLE_FITTED)
            continue;
        float *data = f->record[at].data;
        bool is_weight = space->store.param[at].n_dim > 1;
        for (int32_t c = 0; c < n; c++)
            for (int32_t j = 0; j < (is_weight ? m->n_feature : 1); j++) {
                const double *row = is_weight ? m->weight + j * m->n_output
                                              : m->intercept + i * m->n_output;
                data[(first + c) * (is_weight ? m->n_feature : 1) + j] =
                    (float)output_of(p, row, c);
            }
    }
}

static pt_status_t fit_table(linear_pool_t *p, const linear_table_t *train, fitted_t *f)
{
    pt_linear_fit_t *fit;
    pt_linear_model_t model = {.weight = NULL};
    double lambda;
    pt_status_t status;
    if (train->rows.n == 0)
        return PT_OK;
    PT_TRY(pt_linear_fit_new(&train->rows, p->n_output, &p->gram, &fit));
    PT_TRY_OR(done, find_lambda(p, train, fit, &lambda));
    PT_TRY_OR(done, pt_linear_fit_run(fit, lambda, &model));
    for (int32_t i = 0; i < p->n_task; i++)
        put_model(p, &model, i, f);
    f->least = fmin(f->least, lambda);
    f->most = fmax(f->most, lambda);
done:
    pt_linear_model_release(&model);
    pt_linear_fit_free(fit);
    return status;
}

static pt_status_t fit_output(linear_pool_t *p, int32_t output, fitted_t *f)
{
    linear_table_t train = {.x = NULL};
    p->output = output;
    p->n_output = p->n_class > 0 ? p->n_class : 1;
    pt_status_t status = read_table(p, p->part, &train);
    if (status == PT_OK)
        status = fit_table(p, &train, f);
    release_table(&train);
    return status;
}

/* All numbers of a regression at once, unless samples have some of them and not others. */
static pt_status_t fit_numbers(linear_pool_t *p, int32_t n, bool *is_ragged, fitted_t *f)
{
    linear_table_t train = {.x = NULL};
    p->output = -1;
    p->n_output = n;
    pt_status_t status = read_table(p, p->part, &train);
    *is_ragged = train.is_ragged;
    if (status == PT_OK && !train.is_ragged)
        status = fit_table(p, &train, f);
    release_table(&train);
    return status;
}

static pt_status_t fit_pool(linear_pool_t *p, fitted_t *f)
{
    const pt_task_info_t *info = info_of(p->s, p->task[0]);
    size_t batch = (size_t)p->s->config->train.microbatch;
    bool is_by_output = info->kind == PT_TASK_MULTILABEL;
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&p->input, batch * (size_t)p->s->space->node[0].shape.c,
                             sizeof *p->input));
    PT_TRY_OR(done,
              pt_alloc(&p->value, batch * (size_t)pt_task_labels(info), sizeof *p->value));
    p->n_class = info->kind == PT_TASK_CLASSIFICATION ? info->classes
                 : info->kind == PT_TASK_MULTILABEL   ? 2
                                                      : 0;
    if (info->kind == PT_TASK_CLASSIFICATION)
        PT_TRY_OR(done, fit_output(p, -1, f));
    if (p->n_class == 0)
        PT_TRY_OR(done, fit_numbers(p, info->classes, &is_by_output, f));
    for (int32_t j = 0; j < info->classes && is_by_output; j++)
        PT_TRY_OR(done, fit_output(p, j, f));
done:
    pt_free(p->value);
    pt_free(p->input);
    return status;
}

/* Whether two tasks can have the same coefficients. */
static bool is_alike(const pt_task_info_t *a, const pt_task_info_t *b)
{
    return a->kind == b->kind && a->classes == b->classes;
}

/* Each task by itself, or those that are alike together, by the first of them. */
static pt_status_t fit_all(pt_search_t *s, pt_part_t part, fitted_t *f)
{
    linear_pool_t p = {.s = s, .part = part};
    pt_status_t status;
    PT_TRY(pt_alloc(&p.task, (size_t)s->space->n_task, sizeof *p.task));
    status = pt_feed_new(s->config, pt_trainer_dataset(s->trainer), 0, &p.feed);
    for (int32_t k = 0; k < s->space->n_task && status == PT_OK; k++) {
        bool is_pooled = s->config->linear.pooled, is_first = true;
        p.task[0] = k;
        p.n_task = 1;
        for (int32_t j = 0; j < s->space->n_task && is_pooled; j++) {
            bool is_of_pool = j != k && is_alike(info_of(s, j), info_of(s, k));
            is_first &= !is_of_pool || j > k;
            if (is_of_pool)
                p.task[p.n_task++] = j;
        }
        if (is_first)
            status = fit_pool(&p, f);
    }
    pt_linear_gram_release(&p.gram);
    pt_feed_free(p.feed);
    pt_free(p.task);
    return status;
}

/* Whether an operation is of a linear model, or what stands beside one. */
static bool is_set(const pt_store_t *store, const pt_space_op_t *op)
{
    pt_role_t role =
        op->inst.n_param > 0 ? store->param[op->param[0]].role : PT_ROLE_WEIGHT;
    return role == PT_ROLE_FITTED || role == PT_ROLE_ZERO;
}

static pt_status_t prepare_op(const pt_store_t *store, const pt_space_op_t *op, fitted_t *f)
{
    for (int32_t i = 0; i < op->inst.n_param; i++) {
        int32_t p = op->param[i];
        float *data;
        PT_TRY(pt_alloc(&data, (size_t)store->param[p].count, sizeof *data));
        f->record[p] = (pt_record_t){.dtype = PT_DTYPE_F32,
                                     .n_dim = 1,
                                     .dim = {store->param[p].count},
                                     .data = data};
        f->source[p] = &f->record[p];
    }
    return PT_OK;
}

static pt_status_t prepare(const pt_search_t *s, fitted_t *f)
{
    const pt_store_t *store = &s->space->store;
    size_t n = (size_t)store->n_param;
    *f = (fitted_t){.least = INFINITY, .most = 0};
    PT_TRY(pt_alloc(&f->source, n, sizeof *f->source));
    PT_TRY(pt_alloc(&f->record, n, sizeof *f->record));
    for (int32_t i = 0; i < s->space->n_op; i++)
        if (is_set(store, &s->space->op[i]))
            PT_TRY(prepare_op(store, &s->space->op[i], f));
    return PT_OK;
}

static void release(const pt_search_t *s, fitted_t *f)
{
    for (int32_t i = 0; i < s->space->store.n_param && f->record != NULL; i++)
        pt_free(f->record[i].data);
    pt_free(f->record);
    pt_free(f->source);
}

pt_status_t run_fit_linear(pt_search_t *s, pt_part_t part)
{
    fitted_t f;
    pt_status_t status = prepare(s, &f);
    if (s->is_root && status == PT_OK)
        status = fit_all(s, part, &f);
    PT_TRY_OR(done, pt_comm_agree(s->world, status));
    PT_TRY_OR(done, pt_trainer_take_weights(s->trainer, f.source));
    run_note(s, "linear: penalties from %g to %g", f.least, f.most);
done:
    release(s, &f);
    return status;
}

pt_status_t run_linear_step(pt_search_t *s)
{
    unsigned asked = s->asked;
    PT_TRY(run_fit_linear(s, PT_PART_TRAIN));
    PT_TRY(pt_comm_bcast(s->world, &asked, sizeof asked, 0));
    s->state.loss = NAN;
    s->state.step++;
    const pt_step_result_t result = {.loss = NAN, .request = asked};
    run_after_step(s, false, &result);
    return PT_OK;
}
