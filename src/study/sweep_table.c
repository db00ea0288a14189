/* What the runs of a sweep have come to, read from their folders. */
#include "study/sweep_table.h"

#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/record/run_file.h"
#include "polytree/train/metric.h"
#include "study/interval.h"
#include "study/sweep_failure.h"

/* What may be compared with the search costs at most so much more. */
#define DEARER 0.05

sweep_estimate_t sweep_estimate(const double *x, int32_t n)
{
    sweep_estimate_t e = {.n = 0, .mean = NAN, .error = NAN};
    double sum = 0, squares = 0;
    for (int32_t i = 0; i < n; i++)
        if (isfinite(x[i])) {
            sum += x[i];
            e.n++;
        }
    if (e.n > 0)
        e.mean = sum / e.n;
    for (int32_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            squares += (x[i] - e.mean) * (x[i] - e.mean);
    if (e.n > 1)
        e.error = sqrt(squares / (e.n - 1) / e.n);
    return e;
}

int32_t sweep_table_first(const sweep_table_t *table, pt_method_t method)
{
    for (int32_t r = 0; r < table->n_row; r++)
        if (table->sweep->row[r].method == method)
            return r;
    return -1;
}

static pt_summary_t *run_of(const sweep_line_t *line, int32_t seed, int32_t index)
{
    return &line->run[(size_t)seed * (size_t)line->n_run + (size_t)index];
}

static pt_status_t read_run(const pt_sweep_t *s, int32_t row, int32_t seed, int32_t index,
                            pt_summary_t *summary)
{
    char path[PT_CONFIG_TEXT];
    sweep_path(s, row, seed, index, path);
    return pt_run_file_exists(path, PT_FILE_METRICS) ? pt_summary_read(path, summary)
                                                     : PT_OK;
}

/* Tasks in the order in which they are met. */
static pt_status_t add_tasks(sweep_table_t *t, const pt_summary_t *run)
{
    for (int32_t i = 0; i < run->n_task; i++) {
        const pt_summary_task_t *task = &run->task[i];
        int32_t k = 0;
        while (k < t->n_task && strcmp(t->task[k].name, task->name) != 0)
            k++;
        if (k < t->n_task)
            continue;
        PT_TRY(pt_grow(&t->task, &t->task_capacity, (size_t)k + 1, sizeof *t->task));
        memcpy(t->task[k].name, task->name, sizeof t->task[k].name);
        memcpy(t->task[k].metric, task->metric_name, sizeof t->task[k].metric);
        t->task[k].is_error = task->is_error;
        t->n_task++;
    }
    return PT_OK;
}

static pt_status_t read_line(sweep_table_t *t, int32_t row)
{
    sweep_line_t *line = &t->line[row];
    pt_config_t config;
    PT_TRY(sweep_config(t->sweep, row, 0, 0, &config));
    line->is_at_once = pt_config_is_at_once(&config);
    line->is_native = pt_methods[config.search.method].is_scaled &&
                      (config.baseline.match == PT_MATCH_NATIVE ||
                       (config.baseline.cost_of[0] == '\0' && config.baseline.madds == 0));
    for (int32_t seed = 0; seed < t->n_seed; seed++)
        if (sweep_n_run(t->sweep, row, seed) > line->n_run)
            line->n_run = sweep_n_run(t->sweep, row, seed);
    PT_TRY(
        pt_alloc(&line->run, (size_t)t->n_seed * (size_t)line->n_run, sizeof *line->run));
    PT_TRY(pt_alloc(&line->cell, (size_t)t->n_seed, sizeof *line->cell));
    for (int32_t seed = 0; seed < t->n_seed; seed++)
        for (int32_t i = 0; i < sweep_n_run(t->sweep, row, seed); i++) {
            pt_summary_t *run = run_of(line, seed, i);
            PT_TRY(read_run(t->sweep, row, seed, i, run));
            if (run->is_done)
                PT_TRY(add_tasks(t, run));
        }
    return PT_OK;
}

static const char *data_of(const pt_sweep_t *s, int32_t row)
{
    const sweep_row_t *r = &s->row[row];
    for (int32_t a = 0; a < s->n_axis; a++)
        if (strcmp(s->axis[a].key, "data.file") == 0 && s->axis[a].is_of[r->method])
            return s->axis[a].value[r->value[a]];
    return s->config->data.file;
}

int32_t sweep_table_single(const sweep_table_t *t, int32_t row, int32_t seed,
                           int32_t *single)
{
    const pt_sweep_t *s = t->sweep;
    int32_t r = 0;
    while (r < s->n_row && (!pt_methods[s->row[r].method].is_by_task ||
                            strcmp(data_of(s, r), data_of(s, row)) != 0))
        r++;
    *single = r < s->n_row ? r : -1;
    for (int32_t i = -1; r < s->n_row && i < t->n_seed; i++) {
        int32_t at = i < 0 ? seed : i;
        if (sweep_n_run(s, r, at) > 0 && run_of(&t->line[r], at, 0)->is_done)
            return at;
    }
    return -1;
}

static const pt_summary_t *find_single(const sweep_table_t *t, int32_t row, int32_t seed)
{
    int32_t single, at = sweep_table_single(t, row, seed, &single);
    return at < 0 ? NULL : run_of(&t->line[single], at, 0);
}

void sweep_table_values(const sweep_table_t *t, const pt_summary_t *run, int32_t row,
                        int32_t seed, double *value)
{
    const pt_summary_t *single = find_single(t, row, seed);
    double encoder = (double)run->cost.encoder_madds;
    value[SWEEP_METRIC] = t->is_alike ? run->mean : NAN;
    value[SWEEP_VAL] = t->is_alike ? run->val : NAN;
    value[SWEEP_DELTA] = single != NULL ? pt_summary_delta(run, single, NULL) : NAN;
    value[SWEEP_DELTA_VAL] = single != NULL ? pt_summary_delta_val(run, single) : NAN;
    value[SWEEP_ENCODER] = encoder > 0 ? encoder : NAN;
    value[SWEEP_MADDS] = (double)run->cost.madds;
    value[SWEEP_PARAMETERS] = (double)run->cost.parameters;
    value[SWEEP_SEARCHING] = run->searching;
    value[SWEEP_TRAINING] = run->training;
}

static void add_run(const sweep_table_t *t, const pt_summary_t *run, int32_t row,
                    int32_t seed, int32_t n, sweep_cell_t *cell)
{
    double value[SWEEP_N_VALUE];
    sweep_table_values(t, run, row, seed, value);
    for (int32_t v = 0; v < SWEEP_N_VALUE; v++)
        cell->value[v] += value[v] / n;
    for (int32_t k = 0; k < t->n_task; k++) {
        const pt_summary_task_t *task = pt_summary_find(run, t->task[k].name);
        cell->task[k] += task != NULL ? task->metric / n : NAN;
    }
}

static bool is_failed(const sweep_table_t *t, int32_t row, int32_t seed, int32_t index)
{
    char path[PT_CONFIG_TEXT], why[PT_SWEEP_WHY];
    sweep_path(t->sweep, row, seed, index, path);
    return !run_of(&t->line[row], seed, index)->is_done && sweep_failure(path, why);
}

static pt_status_t fill_cell(sweep_table_t *t, int32_t row, int32_t seed)
{
    sweep_line_t *line = &t->line[row];
    sweep_cell_t *cell = &line->cell[seed];
    int32_t n = sweep_n_run(t->sweep, row, seed);
    PT_TRY(pt_alloc(&cell->task, (size_t)t->n_task, sizeof *cell->task));
    cell->is_done = n > 0;
    for (int32_t i = 0; i < n; i++) {
        cell->is_done &= run_of(line, seed, i)->is_done;
        cell->is_failed |= is_failed(t, row, seed, i);
    }
    for (int32_t i = 0; i < n && cell->is_done; i++)
        add_run(t, run_of(line, seed, i), row, seed, n, cell);
    for (int32_t v = 0; v < SWEEP_N_VALUE && !cell->is_done; v++)
        cell->value[v] = NAN;
    for (int32_t k = 0; k < t->n_task && !cell->is_done; k++)
        cell->task[k] = NAN;
    line->n_done += cell->is_done;
    line->n_failed += cell->is_failed;
    return PT_OK;
}

static pt_status_t sum_up(const sweep_table_t *t, sweep_line_t *line)
{
    double x[PT_CONFIG_LIST];
    PT_TRY(pt_alloc(&line->task, (size_t)t->n_task, sizeof *line->task));
    for (int32_t v = 0; v < SWEEP_N_VALUE; v++) {
        for (int32_t i = 0; i < t->n_seed; i++)
            x[i] = line->cell[i].value[v];
        line->value[v] = sweep_estimate(x, t->n_seed);
    }
    for (int32_t k = 0; k < t->n_task; k++) {
        for (int32_t i = 0; i < t->n_seed; i++)
            x[i] = line->cell[i].task[k];
        line->task[k] = sweep_estimate(x, t->n_seed);
    }
    return PT_OK;
}

bool sweep_table_is_affordable(const sweep_table_t *t, int32_t row)
{
    int32_t search = sweep_table_first(t, PT_METHOD_SEARCH);
    if (search < 0 || t->line[search].n_done == 0)
        return true;
    return t->line[row].value[SWEEP_MADDS].mean <=
           (1 + DEARER) * t->line[search].value[SWEEP_MADDS].mean;
}

sweep_estimate_t sweep_table_less(const sweep_table_t *t, int32_t ours, int32_t theirs,
                                  sweep_value_t value)
{
    double x[PT_CONFIG_LIST];
    for (int32_t i = 0; i < t->n_seed; i++)
        x[i] = t->line[ours].cell[i].value[value] - t->line[theirs].cell[i].value[value];
    return sweep_estimate(x, t->n_seed);
}

/* A baseline's variants are tuning: the one that is best on val stands for it, at the cost
 * found.  Those of the search are what is asked about: they are compared with the config's
 * own. */
static int32_t find_reference(const sweep_table_t *t)
{
    pt_method_t method = t->sweep->config->sweep.reference;
    int32_t first = sweep_table_first(t, method), best = first;
    double most = -INFINITY; /* of none whose runs have failed */
    if (method == PT_METHOD_SEARCH)
        return first;
    for (int32_t r = first; first >= 0 && r < t->n_row; r++)
        if (t->sweep->row[r].method == method && sweep_table_is_affordable(t, r) &&
            t->line[r].value[t->judged_val].mean > most) {
            best = r;
            most = t->line[r].value[t->judged_val].mean;
        }
    return best;
}

/* Whether what is judged differs from the reference by more than chance. */
static void find_chances(sweep_table_t *t)
{
    double p[SWEEP_ROW], corrected[SWEEP_ROW];
    for (int32_t r = 0; r < t->n_row; r++) {
        sweep_estimate_t less = t->line[r].less[t->judged];
        p[r] = study_t_tails(less.mean / less.error, less.n - 1);
    }
    study_holm(t->n_row, p, corrected);
    for (int32_t r = 0; r < t->n_row; r++)
        t->line[r].p = corrected[r];
}

static void compare(sweep_table_t *t)
{
    t->reference = find_reference(t);
    for (int32_t r = 0; r < t->n_row; r++)
        for (int32_t v = 0; v < SWEEP_N_VALUE; v++)
            t->line[r].less[v] =
                t->reference < 0 || r == t->reference
                    ? sweep_estimate(NULL, 0)
                    : sweep_table_less(t, r, t->reference, (sweep_value_t)v);
    find_chances(t);
}

/* Errors have units, and r2 no bound below: their means would be the word of one task. */
static bool has_mean(const sweep_task_t *task)
{
    return !task->is_error && pt_metric_is_relative(task->metric);
}

pt_status_t sweep_table_init(const pt_sweep_t *sweep, sweep_table_t *table)
{
    sweep_table_t *t = table;
    *t = (sweep_table_t){
        .sweep = sweep, .n_seed = sweep->config->sweep.seeds.n, .n_row = sweep->n_row};
    PT_TRY(pt_alloc(&t->line, (size_t)t->n_row, sizeof *t->line));
    for (int32_t r = 0; r < t->n_row; r++)
        PT_TRY(read_line(t, r));
    t->is_alike = t->n_task == 0 || has_mean(&t->task[0]);
    for (int32_t k = 1; k < t->n_task; k++)
        t->is_alike &= strcmp(t->task[k].metric, t->task[0].metric) == 0;
    t->judged = t->is_alike ? SWEEP_METRIC : SWEEP_DELTA;
    t->judged_val = t->is_alike ? SWEEP_VAL : SWEEP_DELTA_VAL;
    for (int32_t r = 0; r < t->n_row; r++) {
        for (int32_t seed = 0; seed < t->n_seed; seed++)
            PT_TRY(fill_cell(t, r, seed));
        PT_TRY(sum_up(t, &t->line[r]));
    }
    compare(t);
    return PT_OK;
}

static void release_line(const sweep_table_t *t, sweep_line_t *line)
{
    for (int32_t i = 0; i < t->n_seed * line->n_run && line->run != NULL; i++)
        pt_summary_release(&line->run[i]);
    for (int32_t i = 0; i < t->n_seed && line->cell != NULL; i++)
        pt_free(line->cell[i].task);
    pt_free(line->run);
    pt_free(line->cell);
    pt_free(line->task);
}

void sweep_table_release(sweep_table_t *table)
{
    for (int32_t r = 0; r < table->n_row && table->line != NULL; r++)
        release_line(table, &table->line[r]);
    pt_free(table->line);
    pt_free(table->task);
    *table = (sweep_table_t){.sweep = NULL};
}

bool sweep_table_has(const sweep_table_t *table, sweep_value_t value)
{
    for (int32_t r = 0; r < table->n_row; r++)
        if (table->line[r].value[value].n > 0)
            return true;
    return false;
}

const pt_summary_t *sweep_table_run(const sweep_table_t *table, int32_t row, int32_t seed,
                                    int32_t index)
{
    return run_of(&table->line[row], seed, index);
}
