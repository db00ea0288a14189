/** @file
 * What a run or a sweep has come to as one page of HTML: PT_FILE_PAGE.
 *
 * A page asks for nothing from outside, and its policy forbids it: styles and script stand
 * in it, pictures are drawn as SVG, and texts of strangers are quoted.
 */
#ifndef PT_STUDY_PAGE_H
#define PT_STUDY_PAGE_H

#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/picture/example.h"
#include "polytree/study/kept.h"

/**
 * Write the page of a run, of what it has by now: state, scores beside those of the runs
 * that section [report] names, the network, learning curves, choosing, classes, examples,
 * time, and how to repeat it.  Not collective.
 *
 * @param[in] kept      tasks that were there before; NULL: none
 * @param[in] examples  NULL: those that the page which stands at `path` shows
 * @return PT_E_IO where there is no such run
 */
PT_MUST_CHECK pt_status_t pt_page_write_run(const pt_config_t *config, const char *run,
                                            const pt_kept_t *kept,
                                            const pt_examples_t *examples,
                                            const char *path);

/** Write the page of a sweep, of what pt_sweep_report() has left in its folder.  Not
 * collective.
 *
 * @return PT_E_IO where it has left nothing yet */
PT_MUST_CHECK pt_status_t pt_page_write_sweep(const char *folder, const char *path);

#endif
