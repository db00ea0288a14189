/** @file
 * The parts of a report that the files beside report.c write.
 */
#ifndef STUDY_REPORT_H
#define STUDY_REPORT_H

#include "polytree/record/summary.h"
#include "polytree/study/report.h"

enum {
    REPORT_SINGLE,
    REPORT_SHARED,
    REPORT_RANDOM,
    REPORT_FOUND,
    REPORT_N_COLUMN,
    REPORT_LARGEST = 8 /**< confusions named of many classes */
};

/** The runs side by side: single, shared, random, and the run itself. */
typedef struct report_columns {
    const char *name[REPORT_N_COLUMN], *run[REPORT_N_COLUMN];
    pt_summary_t summary[REPORT_N_COLUMN];
    bool is_shown[REPORT_N_COLUMN];
    char data[33]; /**< digest of the data set that the run is of; empty: not known */
} report_columns_t;

/** Read what section [report] names and what is finished of it.  Borrows both. */
void report_columns_read(report_columns_t *columns, const pt_config_t *config,
                         const char *run);
void report_columns_release(report_columns_t *columns);

/** What a column comes to over all tasks: its mean metric, Delta_m in %, parameters in
 * thousands, multiply-adds in millions; NaN where it has none. */
typedef double (*report_value_t)(const report_columns_t *columns, int32_t column);
double report_mean(const report_columns_t *columns, int32_t column);
double report_delta(const report_columns_t *columns, int32_t column);
double report_parameters(const report_columns_t *columns, int32_t column);
double report_madds(const report_columns_t *columns, int32_t column);

/** A metric's name, ", lower" behind it where less is better. */
const char *report_mark_metric(const char *name, char text[48]);

/** What choosing among candidates has done, and at what price; nothing where there were
 * none. */
void report_put_choice(pt_text_t *out, const pt_summary_t *summary);

/** What else there is to know of how a run came to its numbers, in lines. */
void report_put_notes(pt_text_t *out, const report_columns_t *columns,
                      const pt_config_t *config);

/** What begins the line on machines that differed. */
extern const char report_mixed_heading[];

/** What an earlier report says from `heading` on, or that line alone; false: nothing. */
bool report_put_earlier(pt_text_t *out, const char *earlier, const char *heading,
                        bool is_line);

/** Of a confusion matrix: elements of a label put out as a class, all of a label, all put
 * out as a class. */
int64_t report_entry(const pt_summary_task_t *task, int32_t label, int32_t class);
int64_t report_labelled(const pt_summary_task_t *task, int32_t label);
int64_t report_put_out(const pt_summary_task_t *task, int32_t class);

/** The largest entry off the diagonal that comes after `at`, by size, then by place; -1 at
 * the end. */
int64_t report_next_largest(const pt_summary_task_t *task, int64_t at);

/** Whether it is of a segmentation, whose metrics are of areas, and the IoU of a class, NaN
 * where no element is of it. */
bool report_has_iou(const pt_summary_task_t *task);
double report_iou(const pt_summary_task_t *task, int32_t class);

/** How classes were taken for one another, where the run says. */
void report_put_classes(pt_text_t *out, const pt_summary_t *summary);

/** What the part on time begins with: from here on a later report keeps it. */
extern const char report_time_heading[];

/** Where the time of a job went that made steps. */
void report_put_time(pt_text_t *out, const char *run, const pt_job_t *job);

/** Scores of the tasks that a network had before others were added.  NULL: nothing. */
void report_put_kept(pt_text_t *out, const pt_kept_t *kept);

/** What the journals know of it where the report of that job is gone. */
void report_put_journalled_time(pt_text_t *out, const char *run);

/** A part of the time, by its place in pt_trainer_time_t. */
typedef struct report_time_part {
    const char *name;
    size_t offset;
    bool is_in_step;
} report_time_part_t;
extern const report_time_part_t report_time_part[];
extern const int report_n_time_part;

/** What of a job's time went where, in one line, where it made any. */
void report_put_shares(pt_text_t *out, const pt_job_t *job);

#endif
