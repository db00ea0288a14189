/** @file
 * What the runs of a sweep have come to so far: means over seeds with their standard errors
 * sqrt(sum (x - mean)^2 / (n - 1) / n), and differences to a reference paired by seed.
 */
#ifndef STUDY_SWEEP_TABLE_H
#define STUDY_SWEEP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "study/sweep.h"
#include "polytree/record/summary.h"

/** Over what is there. */
typedef struct sweep_estimate {
    int32_t n;
    double mean, error; /**< NaN where n is too small */
} sweep_estimate_t;

typedef enum sweep_value {
    SWEEP_METRIC, /**< mean over the tasks; NaN unless `is_alike` */
    SWEEP_VAL,    /**< the same on val */
    SWEEP_DELTA,  /**< Delta_m; NaN without single-task networks */
    SWEEP_DELTA_VAL,
    SWEEP_ENCODER, /**< multiply-adds without heads; NaN where the run has not said */
    SWEEP_MADDS,
    SWEEP_PARAMETERS,
    SWEEP_SEARCHING, /**< samples drawn on the way to the network; NaN where not told */
    SWEEP_TRAINING,  /**< ... by the network */
    SWEEP_N_VALUE
} sweep_value_t;

/** A row for one seed: means over its runs; all NaN where one of them is not done yet. */
typedef struct sweep_cell {
    bool is_done, is_failed; /**< failed: one of its runs is given up */
    double value[SWEEP_N_VALUE];
    double *task; /**< [n_task] metrics; NaN where it has no such task */
} sweep_cell_t;

typedef struct sweep_line {
    int32_t n_run;            /**< most for a seed */
    pt_summary_t *run;        /**< [n_seed][n_run] */
    sweep_cell_t *cell;       /**< [n_seed] */
    int32_t n_done, n_failed; /**< seeds */
    sweep_estimate_t value[SWEEP_N_VALUE];
    sweep_estimate_t less[SWEEP_N_VALUE]; /**< ... less the reference's */
    double p;                             /**< that `less` of what is judged is chance, by
                                             Student's t and Holm over all rows */
    bool is_at_once;                      /**< trained from scratch in one phase */
    bool is_native;                       /**< as wide as the space, whatever that costs */
    sweep_estimate_t *task;               /**< [n_task] */
} sweep_line_t;

typedef struct sweep_task {
    char name[64], metric[32];
    bool is_error; /**< less is better */
} sweep_task_t;

typedef struct sweep_table {
    const pt_sweep_t *sweep;
    int32_t n_seed, n_row;
    int32_t n_task; /**< that any finished run has */
    sweep_task_t *task;
    size_t task_capacity;
    bool is_alike;            /**< all tasks have the same metric, a share: it has a mean */
    sweep_value_t judged;     /**< SWEEP_METRIC where they are alike, else SWEEP_DELTA */
    sweep_value_t judged_val; /**< the same on val */
    int32_t reference;        /**< row; -1: none */
    sweep_line_t *line;       /**< [n_row] */
} sweep_table_t;

/** Mean and standard error of those of n numbers that are finite. */
sweep_estimate_t sweep_estimate(const double *x, int32_t n);

/**
 * Read all runs; those that have not begun, or are at work, are no error.  Release it, also
 * after a failure.
 */
PT_MUST_CHECK pt_status_t sweep_table_init(const pt_sweep_t *sweep, sweep_table_t *table);
void sweep_table_release(sweep_table_t *table);

/** Is there such a number of any row? */
bool sweep_table_has(const sweep_table_t *table, sweep_value_t value);

/** Whether a row costs as much as the search does, or less: at most a twentieth more, as
 * widths are whole channels; true where there is no search. */
bool sweep_table_is_affordable(const sweep_table_t *table, int32_t row);

/** Mean of two rows' difference, paired by seed; the first less the second. */
sweep_estimate_t sweep_table_less(const sweep_table_t *table, int32_t ours, int32_t theirs,
                                  sweep_value_t value);

/** The first row of a method; -1: none. */
int32_t sweep_table_first(const sweep_table_t *table, pt_method_t method);

/** A run of a row. */
const pt_summary_t *sweep_table_run(const sweep_table_t *table, int32_t row, int32_t seed,
                                    int32_t index);

/** Number of the seed whose single-task networks, of the same data set, a row's seed is
 * held against: its own, else the first that has them; -1 where none has.  `*single`:
 * theirs. */
int32_t sweep_table_single(const sweep_table_t *table, int32_t row, int32_t seed,
                           int32_t *single);

/**
 * What a finished run has come to.
 *
 * @param[out] value  [SWEEP_N_VALUE]
 */
void sweep_table_values(const sweep_table_t *table, const pt_summary_t *run, int32_t row,
                        int32_t seed, double *value);

/** sweep_fill.c: write the reports of finished runs anew, beside the baselines of the same
 * sweep where their configs name no others. */
PT_MUST_CHECK pt_status_t sweep_fill_reports(const sweep_table_t *table);

#endif
