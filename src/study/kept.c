/* The runs that a network comes of, whose tasks it has still. */
#include "polytree/study/kept.h"

#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/record/run_config.h"

enum { MOST_RUNS = 64 }; /* one extended after the other */

/* A run that is gone has left its tasks, but not their scores. */
static pt_status_t add(const char *run, bool has_changed, pt_kept_t *kept)
{
    pt_kept_run_t *added;
    pt_summary_t before;
    if (pt_summary_read(run, &before) != PT_OK || !before.is_done) {
        pt_error_clear();
        pt_summary_release(&before);
        return PT_OK;
    }
    pt_status_t status =
        pt_grow(&kept->run, &kept->room, (size_t)kept->n + 1, sizeof *kept->run);
    if (status != PT_OK) {
        pt_summary_release(&before);
        return status;
    }
    added = &kept->run[kept->n++];
    *added = (pt_kept_run_t){.before = before, .has_changed = has_changed};
    strcpy(added->run, run);
    return PT_OK;
}

pt_status_t pt_kept_read(const pt_config_t *config, pt_kept_t *kept)
{
    pt_config_t *at;
    bool has_changed = false;
    pt_status_t status = PT_OK;
    *kept = (pt_kept_t){.n = 0};
    PT_TRY(pt_alloc(&at, 1, sizeof *at));
    *at = *config;
    for (int i = 0; i < MOST_RUNS && pt_methods[at->search.method].is_extended; i++) {
        char run[PT_CONFIG_TEXT];
        memcpy(run, at->extend.run, sizeof run);
        has_changed = has_changed || at->extend.finetune > 0;
        status = add(run, has_changed, kept);
        if (status != PT_OK || kept->n == i)
            break;
        if (pt_run_config_read(run, at) != PT_OK) {
            pt_error_clear();
            break;
        }
        strcpy(kept->run[i].data, at->data.file);
        strcpy(kept->run[i].tasks, at->data.tasks);
    }
    pt_free(at);
    return status;
}

void pt_kept_release(pt_kept_t *kept)
{
    for (int32_t i = 0; i < kept->n; i++) {
        pt_summary_release(&kept->run[i].before);
        pt_free(kept->run[i].now);
    }
    pt_free(kept->run);
    *kept = (pt_kept_t){.n = 0};
}
