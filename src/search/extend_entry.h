/** @file
 * The entries of a trained network that new tasks may take, and what is known of each.
 *
 * An entry of a dag is an old task's graph, left behind a node: of its read-outs those of
 * nodes up to that one, or one node by itself, or the stem, by a read-out that no old task
 * has, which the new one trains.  An entry of branches is a copy of a layer, or the stem,
 * from which on the new task has layers of its own; behind the last layer it has none.
 */
#ifndef SEARCH_EXTEND_ENTRY_H
#define SEARCH_EXTEND_ENTRY_H

#include "polytree/linalg/linear_model.h"
#include "search/run.h"

enum { EXTEND_FOLDS = 5, EXTEND_SCALES = 11 };

/** A value of the old network that an entry's features are a sum of. */
typedef struct extend_point {
    int32_t op, candidate, task; /**< as pt_see_fn() is told */
    pt_shape_t shape;
    float *x; /**< [rows][c] */
} extend_point_t;

typedef struct extend_entry {
    int32_t donor;
    int32_t at;         /**< dag: last node that is read; branch: layers that are shared */
    bool is_alone;      /**< dag: no other node is read; 0 is the stem */
    int64_t extra, own; /**< multiply-adds: of layers of its own; of the path to its head */
    int32_t n_point, *point;
    double lambda, loss[EXTEND_FOLDS]; /**< of the ridge */
} extend_entry_t;

typedef struct extend_entries {
    pt_search_t *s;
    pt_subnet_t pruned; /**< of the old network: graphs as entries leave them */
    uint8_t *alive_candidate, *alive_node; /**< of the old space */
    int32_t *n_taken; /**< [candidates] channels of read-outs that tasks begin at */
    int32_t n_point, n_entry;
    size_t point_room, entry_room;
    extend_point_t *point;
    extend_entry_t *entry;
    extend_entry_t inputs; /**< of features: they themselves, to compare with */

    /* Of the new task at work; extend_row.c has them. */
    pt_feed_t *feed;
    const pt_task_info_t *info;
    int32_t n_output;
    int64_t n_row, most_row;
    double *y;     /**< [rows][n_output] */
    int32_t *fold; /**< [rows] */
    float *input;
    pt_label_t *label;
    /* Of the microbatch at work: where a row's features are. */
    int32_t n_mine;
    int64_t *sample, *pixel_y, *pixel_x;
} extend_entries_t;

/** List all entries of the network of `e->s`, all zero besides; extend_entries_release()
 * also after a failure. */
PT_MUST_CHECK pt_status_t extend_entries_list(extend_entries_t *e);
void extend_entries_release(extend_entries_t *e);

/** Leave in row `donor` of e->pruned its graph in a dag as an entry has it. */
void extend_entries_prune(extend_entries_t *e, const extend_entry_t *entry);
/** "reads the graph of task a up to node 3", "shares stem to l03 with task a". */
void extend_entry_describe(const extend_entries_t *e, const extend_entry_t *entry,
                           pt_text_t *out);

/** Read samples of a new task, and what the network makes of them at every point; clear
 * them away also after a failure. */
PT_MUST_CHECK pt_status_t extend_rows_read(extend_entries_t *e, int32_t task);
void extend_rows_clear(extend_entries_t *e);

/** Add to `loss` what the scores of a ridge cost on rows of the task at work, which is of
 * classes or labels, by each of the scales that make them logits. */
PT_MUST_CHECK pt_status_t extend_head_weigh(const extend_entries_t *e,
                                            const pt_rows_t *rows,
                                            const pt_linear_model_t *model,
                                            double loss[EXTEND_SCALES]);
/** Have the head of the task at work begin at a ridge on the entry's features, if it can.
 *
 * @param[in]  loss   of the scales, of rows that models were not fitted to
 * @param[out] where  "there", or where it begins otherwise, and why
 */
PT_MUST_CHECK pt_status_t extend_head_begin(extend_entries_t *e, int32_t task,
                                            const extend_entry_t *entry,
                                            const pt_linear_model_t *model,
                                            const double loss[EXTEND_SCALES],
                                            const char **where);

#endif
