/** @file
 * What a sweep has come to, and the ways in which it is written.
 */
#ifndef STUDY_SWEEP_REPORT_H
#define STUDY_SWEEP_REPORT_H

#include "study/sweep_rival.h"
#include "study/sweep_table.h"
#include "study/sweep_truth.h"

typedef struct sweep_results {
    sweep_table_t table;
    sweep_truths_t truths;
    sweep_rival_t rival[SWEEP_N_RIVAL];
} sweep_results_t;

/** The table for people, and what the truths say of the searches. */
void sweep_put_text(const sweep_results_t *results, pt_text_t *out);

/** The same for programs. */
PT_MUST_CHECK pt_status_t sweep_write_json(const sweep_results_t *results,
                                           const char *path);

/** The judged value of each row. */
PT_MUST_CHECK pt_status_t sweep_plot_rows(const sweep_results_t *results, const char *path);

/** Cost against Delta_m, or the metric where there is none. */
PT_MUST_CHECK pt_status_t sweep_plot_cost(const sweep_results_t *results, const char *path);

/** Are there rows of unlike cost to plot? */
bool sweep_plot_has_cost(const sweep_table_t *table);

#endif
