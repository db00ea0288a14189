/* Whether a checkpoint is of this run: its config, files, data, version and machine. */
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/par/log.h"
#include "polytree/record/run_checkpoint.h"
#include "search/run.h"

static pt_status_t read_config(const pt_search_t *s, const char *text, pt_config_t *config)
{
    pt_config_init(config);
    if (pt_config_read_text(config, text, "its config") != PT_OK)
        PT_FAIL(MISMATCH, "the checkpoint in %s is of another version of polytree: %s",
                s->run, pt_error_message());
    return PT_OK;
}

/* What chooses a network from a supernet that is there. */
static void take_choosing(const pt_config_t *from, pt_config_t *to)
{
    if (pt_methods[from->search.method].is_drawn && pt_methods[to->search.method].is_drawn)
        to->search.method = from->search.method;
    to->baseline.random_index = from->baseline.random_index;
    to->resource.budget = from->resource.budget;
    to->choose.floor = from->choose.floor;
    to->choose.one_se = from->choose.one_se;
}

static pt_status_t check_config(const pt_search_t *s, const pt_checkpoint_t *c,
                                bool is_supernet)
{
    pt_config_t *theirs = NULL;
    char *text = NULL;
    pt_status_t status;
    PT_TRY_OR(done, pt_checkpoint_text(c, "config", &text));
    PT_TRY_OR(done, pt_alloc(&theirs, 1, sizeof *theirs));
    PT_TRY_OR(done, read_config(s, text, theirs));
    if (is_supernet)
        take_choosing(s->config, theirs);
    status = pt_config_compare(s->config, theirs);
    if (status == PT_E_MISMATCH)
        status = PT_ERROR(MISMATCH,
                          "%s has a checkpoint of another config (give another folder to "
                          "start anew): %s",
                          s->run, pt_error_message());
done:
    pt_free(theirs);
    pt_free(text);
    return status;
}

pt_status_t run_files_digest(pt_search_t *s, bool may_be_gone)
{
    const char *option, *file;
    int32_t at = 0;
    while ((file = pt_config_next_file(s->config, &at, &option)) != NULL) {
        char hex[33];
        if (may_be_gone && !pt_path_exists(file))
            continue;
        if (pt_file_digest(file, hex) != PT_OK)
            PT_FAIL(IO, "%s = %s", option, pt_error_message());
        pt_text_add(&s->files, "%s %s\n", option, hex);
    }
    return s->files.status;
}

pt_status_t run_files_keep(pt_search_t *s, const pt_checkpoint_t *c)
{
    const pt_record_t *r = pt_checkpoint_find(c, "files");
    if (r == NULL || s->is_view)
        return PT_OK;
    pt_text_release(&s->files);
    pt_text_add_bytes(&s->files, r->data, (size_t)r->dim[0]);
    return s->files.status;
}

/* A file that has changed since would lead to another run.  Who but looks at one reads
 * none, and 0.1.0 did not write down what it had read. */
static pt_status_t check_files(const pt_search_t *s, const pt_checkpoint_t *c)
{
    const char *ours = pt_text_get(&s->files);
    char *theirs;
    pt_status_t status = PT_OK;
    if (s->is_view || pt_checkpoint_find(c, "files") == NULL)
        return PT_OK;
    PT_TRY(pt_checkpoint_text(c, "files", &theirs));
    for (size_t n; status == PT_OK && *ours != '\0'; ours += n) {
        n = strcspn(ours, "\n") + 1;
        int option = (int)strcspn(ours, " ");
        char line[128];
        snprintf(line, sizeof line, "%.*s", (int)n, ours);
        if (strstr(theirs, line) == NULL)
            status = PT_ERROR(MISMATCH,
                              "%s: the file that %.*s names holds something else than the "
                              "run has read (give another folder to start anew)",
                              s->run, option, ours);
    }
    pt_free(theirs);
    return status;
}

/* A run that is done can be read, and one that is only looked at. */
static pt_status_t check_version(const pt_search_t *s, const pt_checkpoint_t *c)
{
    pt_phase_t phase;
    int64_t counter[RUN_N_COUNTER];
    char *theirs;
    PT_TRY(pt_checkpoint_copy(c, "run/counters", PT_DTYPE_I64, RUN_N_COUNTER, counter));
    if (s->is_view || (pt_phase_of_number(counter[0], &phase) && phase == PT_N_PHASE))
        return PT_OK;
    PT_TRY(pt_checkpoint_text(c, "version", &theirs));
    pt_status_t status = pt_run_check_version(s->run, theirs);
    pt_free(theirs);
    return status;
}

pt_status_t run_state_check(const pt_search_t *s, const pt_checkpoint_t *c,
                            bool is_supernet)
{
    const pt_dataset_t *dataset = pt_trainer_dataset(s->trainer);
    char *theirs;
    PT_TRY(check_version(s, c));
    PT_TRY(check_config(s, c, is_supernet));
    PT_TRY(check_files(s, c));
    PT_TRY(pt_checkpoint_text(c, "data", &theirs));
    bool is_same = pt_dataset_is_digest(pt_dataset_digest(dataset), theirs);
    pt_free(theirs);
    if (!is_same)
        PT_FAIL(MISMATCH, "%s has a checkpoint of another data set than %s", s->run,
                s->config->data.file);
    return PT_OK;
}

pt_status_t run_machine_check(pt_search_t *s, const pt_checkpoint_t *c)
{
    char items[1024];
    char *theirs;
    int32_t n;
    PT_TRY(pt_checkpoint_text(c, "fingerprint", &theirs));
    n = pt_fingerprint_compare(s->fingerprint.text, theirs, items, sizeof items);
    pt_free(theirs);
    if (n == 0 || s->state.phase == PT_N_PHASE)
        return PT_OK;
    if (s->config->kernel.mixed == PT_MIXED_REFUSE)
        PT_FAIL(MISMATCH, "%s was begun elsewhere (kernel.mixed = refuse): %s",
                s->fingerprint.node, items);
    pt_log(PT_LOG_WARNING, "%s differs from where the run was before, as (now, then): %s",
           s->fingerprint.node, items);
    if (s->state.mixed_phase < 0) {
        s->state.mixed_phase = s->state.phase;
        s->state.mixed_step = s->state.step;
    }
    return PT_OK;
}

/* Ranks on unequal machines: allowed, said, remembered. */
pt_status_t run_compare_machines(pt_search_t *s, pt_comm_t *comm)
{
    char difference[1024];
    int32_t n_other;
    PT_TRY(pt_fingerprint_agree(comm, &s->fingerprint, &n_other, difference));
    if (n_other == 0)
        return PT_OK;
    const char *verb = n_other > 1 ? "s differ" : " differs";
    if (s->config->kernel.mixed == PT_MIXED_REFUSE)
        PT_FAIL(MISMATCH, "%d rank%s (kernel.mixed = refuse): %s", (int)n_other, verb,
                difference);
    if (s->is_root)
        pt_log(PT_LOG_WARNING, "%d rank%s, the result may depend on the layout: %s",
               (int)n_other, verb, difference);
    if (s->state.mixed_phase < 0) {
        s->state.mixed_phase = s->state.phase;
        s->state.mixed_step = s->state.step;
    }
    return PT_OK;
}
