/** @file
 * The parts of a report that the files beside report.c write.
 */
#ifndef STUDY_REPORT_H
#define STUDY_REPORT_H

#include "polytree/record/summary.h"
#include "polytree/study/report.h"

/** How classes were taken for one another, where the run says. */
void report_put_classes(pt_text_t *out, const pt_summary_t *summary);

/** What the part on time begins with: from here on a later report keeps it. */
extern const char report_time_heading[];

/** Where the time of a job went that made steps. */
void report_put_time(pt_text_t *out, const pt_config_t *config, const char *run,
                     const pt_job_t *job);

/** What the journals know of it where the report of that job is gone. */
void report_put_journalled_time(pt_text_t *out, const char *run);

/** What of a job's time went where, in one line, where it made any. */
void report_put_shares(pt_text_t *out, const pt_job_t *job);

#endif
