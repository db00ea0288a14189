/* Where new tasks enter a trained network: a ridge regression on the features of each entry
 * (docs/methods.md, tasks added to a trained network). */
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "search/extend_entry.h"

static const double lambdas[] = {10, 1, 1e-1, 1e-2, 1e-3, 1e-4};
enum { N_LAMBDA = sizeof lambdas / sizeof lambdas[0] };

/** Rows of the folds but one, and of that one. */
typedef struct half {
    pt_rows_t rows;
    double *x, *y;
    int32_t *group;
} half_t;

static void release_half(half_t *h)
{
    pt_free(h->x);
    pt_free(h->y);
    pt_free(h->group);
}

static pt_status_t make_half(const extend_entries_t *e, const extend_entry_t *entry,
                             int32_t fold, bool is_fold, half_t *h)
{
    int64_t d = e->point[entry->point[0]].shape.c;
    PT_TRY(pt_alloc(&h->x, (size_t)(e->n_row * d), sizeof *h->x));
    PT_TRY(pt_alloc(&h->y, (size_t)(e->n_row * e->n_output), sizeof *h->y));
    PT_TRY(pt_alloc(&h->group, (size_t)e->n_row, sizeof *h->group));
    h->rows = (pt_rows_t){
        .n_feature = (int32_t)d, .n_group = 1, .x = h->x, .y = h->y, .group = h->group};
    for (int64_t i = 0; i < e->n_row; i++) {
        if ((e->fold[i] == fold) != is_fold)
            continue;
        int64_t row = h->rows.n++;
        memcpy(h->y + row * e->n_output, e->y + i * e->n_output,
               (size_t)e->n_output * sizeof *h->y);
        for (int32_t p = 0; p < entry->n_point; p++)
            for (int64_t c = 0; c < d; c++)
                h->x[row * d + c] += e->point[entry->point[p]].x[i * d + c];
    }
    return PT_OK;
}

static pt_status_t fit_lambdas(const half_t *rest, const half_t *own, int32_t n_output,
                               double loss[N_LAMBDA])
{
    pt_linear_fit_t *fit;
    pt_status_t status;
    PT_TRY(pt_linear_fit_new(&rest->rows, n_output, NULL, &fit));
    for (int i = 0; i < N_LAMBDA; i++) {
        pt_linear_model_t model;
        PT_TRY_OR(done, pt_linear_fit_run(fit, lambdas[i], &model));
        status = pt_linear_model_loss(&model, &own->rows, &loss[i]);
        pt_linear_model_release(&model);
        PT_TRY_OR(done, status);
    }
done:
    pt_linear_fit_free(fit);
    return status;
}

static pt_status_t fit_fold(const extend_entries_t *e, const extend_entry_t *entry,
                            int32_t fold, double loss[N_LAMBDA])
{
    half_t rest = {.x = NULL}, own = {.x = NULL};
    pt_status_t status;
    PT_TRY_OR(done, make_half(e, entry, fold, false, &rest));
    PT_TRY_OR(done, make_half(e, entry, fold, true, &own));
    if (rest.rows.n > 0 && own.rows.n > 0)
        PT_TRY_OR(done, fit_lambdas(&rest, &own, e->n_output, loss));
done:
    release_half(&rest);
    release_half(&own);
    return status;
}

/* With the penalty that is best over all folds; the largest of equals. */
static pt_status_t fit_entry(const extend_entries_t *e, extend_entry_t *entry)
{
    double loss[EXTEND_FOLDS][N_LAMBDA] = {{0}}, sum[N_LAMBDA] = {0};
    int best = 0;
    for (int32_t fold = 0; fold < EXTEND_FOLDS; fold++)
        PT_TRY(fit_fold(e, entry, fold, loss[fold]));
    for (int i = 0; i < N_LAMBDA; i++)
        for (int32_t fold = 0; fold < EXTEND_FOLDS; fold++)
            sum[i] += loss[fold][i];
    for (int i = 1; i < N_LAMBDA; i++)
        best = sum[i] < sum[best] ? i : best;
    for (int32_t fold = 0; fold < EXTEND_FOLDS; fold++)
        entry->loss[fold] = loss[fold][best];
    entry->lambda = lambdas[best];
    return PT_OK;
}

static double mean_loss(const extend_entry_t *entry)
{
    double sum = 0;
    for (int32_t fold = 0; fold < EXTEND_FOLDS; fold++)
        sum += entry->loss[fold];
    return sum / EXTEND_FOLDS;
}

/* Within a standard error of the difference, fold by fold. */
static bool is_as_good(const extend_entry_t *entry, const extend_entry_t *best)
{
    double mean = mean_loss(entry) - mean_loss(best), square = 0;
    for (int32_t fold = 0; fold < EXTEND_FOLDS; fold++) {
        double d = entry->loss[fold] - best->loss[fold] - mean;
        square += d * d;
    }
    return mean <= sqrt(square / (EXTEND_FOLDS - 1) / EXTEND_FOLDS);
}

static bool is_cheaper(const extend_entry_t *a, const extend_entry_t *b)
{
    return a->extra != b->extra ? a->extra < b->extra : a->own < b->own;
}

/* Whether labels of a task differ, and are enough for folds. */
static bool can_tell(const extend_entries_t *e)
{
    bool differ = false;
    for (int64_t i = e->n_output; i < e->n_row * e->n_output && !differ; i++)
        differ = e->y[i] < e->y[i % e->n_output] || e->y[i] > e->y[i % e->n_output];
    return differ && e->n_row >= 2 * EXTEND_FOLDS;
}

/* What the mean of all labels leaves. */
static double variance(const extend_entries_t *e)
{
    double sum = 0;
    for (int32_t c = 0; c < e->n_output; c++) {
        double mean = 0, square = 0;
        for (int64_t i = 0; i < e->n_row; i++)
            mean += e->y[i * e->n_output + c] / (double)e->n_row;
        for (int64_t i = 0; i < e->n_row; i++) {
            double d = e->y[i * e->n_output + c] - mean;
            square += d * d;
        }
        sum += square / (double)e->n_row;
    }
    return sum / e->n_output;
}

/* Where the inputs themselves tell this much more than the network does, it has lost it. */
#define MUCH 0.1

/* To all rows but those of a fold. */
static pt_status_t fit_rest(const extend_entries_t *e, const extend_entry_t *entry,
                            int32_t fold, pt_linear_model_t *model)
{
    half_t rest = {.x = NULL};
    pt_linear_fit_t *fit = NULL;
    pt_status_t status;
    PT_TRY_OR(done, make_half(e, entry, fold, false, &rest));
    PT_TRY_OR(done, pt_linear_fit_new(&rest.rows, e->n_output, NULL, &fit));
    PT_TRY_OR(done, pt_linear_fit_run(fit, entry->lambda, model));
done:
    pt_linear_fit_free(fit);
    release_half(&rest);
    return status;
}

static pt_status_t weigh_fold(const extend_entries_t *e, const extend_entry_t *entry,
                              int32_t fold, double loss[EXTEND_SCALES])
{
    half_t own = {.x = NULL};
    pt_linear_model_t model = {.weight = NULL};
    pt_status_t status;
    PT_TRY_OR(done, make_half(e, entry, fold, true, &own));
    if (own.rows.n == 0 || own.rows.n == e->n_row)
        goto done;
    PT_TRY_OR(done, fit_rest(e, entry, fold, &model));
    PT_TRY_OR(done, extend_head_weigh(e, &own.rows, &model, loss));
done:
    pt_linear_model_release(&model);
    release_half(&own);
    return status;
}

static pt_status_t begin_head(extend_entries_t *e, int32_t task,
                              const extend_entry_t *entry, const char **where)
{
    enum { NO_FOLD = -1 };
    double loss[EXTEND_SCALES] = {0};
    pt_linear_model_t model;
    for (int32_t fold = 0; fold < EXTEND_FOLDS && !pt_task_is_float(e->info); fold++)
        PT_TRY(weigh_fold(e, entry, fold, loss));
    PT_TRY(fit_rest(e, entry, NO_FOLD, &model));
    pt_status_t status = extend_head_begin(e, task, entry, &model, loss, where);
    pt_linear_model_release(&model);
    return status;
}

static void say_entry(const extend_entries_t *e, const extend_entry_t *entry,
                      const extend_entry_t *best, const char *where)
{
    char line[400];
    pt_text_t text = pt_text_in(line, sizeof line);
    double of = variance(e);
    extend_entry_describe(e, entry, &text);
    run_note(e->s,
             "task %s %s: linear models explain %.1f %% there, %.1f %% at best; its head "
             "begins %s",
             e->info->name, line, 100 * (1 - mean_loss(entry) / of),
             100 * (1 - mean_loss(best) / of), where);
    double gain = (fmin(mean_loss(best), of) - mean_loss(&e->inputs)) / of;
    if (e->inputs.n_point > 0 && gain > MUCH)
        run_note(e->s,
                 "task %s: linear models of the inputs themselves explain %.1f %%: much of "
                 "that is lost in this network",
                 e->info->name, 100 * (1 - mean_loss(&e->inputs) / of));
}

/* The cheapest of the entries that are as good as the best; NULL: of all. */
static const extend_entry_t *find_cheapest(const extend_entries_t *e,
                                           const extend_entry_t *best)
{
    const extend_entry_t *found = best != NULL ? best : &e->entry[0];
    for (int32_t i = 0; i < e->n_entry; i++)
        if ((best == NULL || is_as_good(&e->entry[i], best)) &&
            is_cheaper(&e->entry[i], found))
            found = &e->entry[i];
    return found;
}

static void take_entry(extend_entries_t *e, int32_t task, const extend_entry_t *entry)
{
    pt_search_t *s = e->s;
    s->extend.donor[task] = entry->donor;
    s->extend.shared[task] = entry->at;
    if (s->space->kind != PT_SPACE_DAG)
        return;
    extend_entries_prune(e, entry);
    memcpy(pt_subnet_bits(&s->subnet, task), pt_subnet_bits(&e->pruned, entry->donor),
           s->subnet.words * sizeof *s->subnet.bits);
}

static void take_untold(extend_entries_t *e, int32_t task)
{
    const extend_entry_t *found = find_cheapest(e, NULL);
    char line[400];
    pt_text_t text = pt_text_in(line, sizeof line);
    take_entry(e, task, found);
    extend_entry_describe(e, found, &text);
    run_note(e->s,
             "task %s %s, at the least cost: too few labels to choose by, or all the same; "
             "its head begins anew",
             e->info->name, line);
}

static pt_status_t pick(extend_entries_t *e, int32_t task)
{
    const extend_entry_t *best = &e->entry[0], *found;
    const char *where;
    if (!can_tell(e)) {
        take_untold(e, task);
        return PT_OK;
    }
    for (int32_t i = 0; i < e->n_entry; i++)
        PT_TRY(fit_entry(e, &e->entry[i]));
    if (e->inputs.n_point > 0)
        PT_TRY(fit_entry(e, &e->inputs));
    for (int32_t i = 1; i < e->n_entry; i++)
        best = mean_loss(&e->entry[i]) < mean_loss(best) ? &e->entry[i] : best;
    found = find_cheapest(e, best);
    take_entry(e, task, found);
    PT_TRY(begin_head(e, task, found, &where));
    say_entry(e, found, best, where);
    return PT_OK;
}

static pt_status_t choose_one(extend_entries_t *e, int32_t task)
{
    pt_status_t status = extend_rows_read(e, task);
    if (status == PT_OK)
        status = pick(e, task);
    extend_rows_clear(e);
    return status;
}

pt_status_t extend_choose(pt_search_t *s)
{
    extend_entries_t e = {.s = s};
    pt_status_t status = extend_entries_list(&e);
    for (int32_t k = 0; k < s->space->n_task && status == PT_OK; k++)
        status = choose_one(&e, k);
    extend_entries_release(&e);
    return status;
}
