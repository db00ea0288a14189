/* polytree report: what a run or a sweep has come to as one page of HTML. */
#include "app/command.h"
#include "app/console.h"
#include "app/examples.h"
#include "app/make_data.h"
#include "app/score_data.h"
#include "app/session.h"
#include "polytree/record/run_file.h"
#include "polytree/study/page.h"

enum { REPORT_OUTPUT, REPORT_FORCE, REPORT_SET };
const pt_flag_t pt_flags_report[] = {
    {"output", 'o', "OUT.html", "the page (report.html in the folder)"},
    {"force", 0, NULL, "replace OUT.html where it is there already"},
    {"set", 0, "key=value", "options over those of the run"},
    {0}};

static pt_status_t report_run(const pt_args_t *args, const char *run, const char *path)
{
    pt_config_t config;
    pt_examples_t examples;
    pt_kept_t kept;
    PT_TRY(pt_session_config_of_run(run, args, &config));
    pt_examples_collect(&config, run, NULL, &examples);
    pt_status_t status = pt_kept_read(&config, &kept);
    if (status == PT_OK) {
        pt_score_kept(&config, run, &kept);
        status = pt_page_write_run(&config, run, &kept, &examples, path);
    }
    pt_kept_release(&kept);
    pt_examples_release(&examples);
    return status;
}

pt_status_t pt_cmd_report(const pt_args_t *args, int *code)
{
    const char *folder = args->word[0], *out = args->flag[REPORT_OUTPUT];
    char home[PT_PATH_MAX];
    bool is_sweep = pt_run_file_exists(folder, PT_FILE_SWEEP_LIST) ||
                    pt_run_file_exists(folder, PT_FILE_SWEEP_JSON);
    (void)code;
    PT_TRY(pt_run_file_path(folder, PT_FILE_PAGE, home));
    if (out != NULL)
        PT_TRY(pt_make_begin(out, args->flag[REPORT_FORCE] != NULL));
    else
        out = home;
    PT_TRY(is_sweep ? pt_page_write_sweep(folder, out) : report_run(args, folder, out));
    pt_console_line("written     %s", out);
    return PT_OK;
}
