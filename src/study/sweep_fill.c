/* The reports of a sweep's runs, beside the baselines of the same sweep. */
#include <string.h>

#include "polytree/record/run_config.h"
#include "polytree/study/page.h"
#include "polytree/study/report.h"
#include "study/sweep_table.h"
#include "polytree/record/run_file.h"

/* The row of baselines that the table compares with, where it does, else the one that goes
 * with `row`. */
static int32_t pick_row(const sweep_table_t *t, int32_t row, pt_method_t method)
{
    const pt_sweep_t *s = t->sweep;
    if (t->reference >= 0 && s->row[t->reference].method == method)
        return t->reference;
    return sweep_find_row(s, &s->row[row], method);
}

/* Fills in a run of the sweep where the config names none. */
static void name_run(const sweep_table_t *t, int32_t row, int32_t seed,
                     char run[PT_CONFIG_TEXT])
{
    if (run[0] == '\0' && row >= 0 && seed >= 0 && sweep_n_run(t->sweep, row, seed) > 0 &&
        sweep_table_run(t, row, seed, 0)->is_done)
        sweep_path(t->sweep, row, seed, 0, run);
}

static void name_baselines(const sweep_table_t *t, int32_t row, int32_t seed,
                           pt_config_t *config)
{
    pt_method_t own = t->sweep->row[row].method;
    int32_t single, seed_of_single = sweep_table_single(t, row, seed, &single);
    if (own != PT_METHOD_SINGLE)
        name_run(t, single, seed_of_single, config->report.single);
    if (own != PT_METHOD_SHARED)
        name_run(t, pick_row(t, row, PT_METHOD_SHARED), seed, config->report.shared);
    if (own != PT_METHOD_RANDOM)
        name_run(t, pick_row(t, row, PT_METHOD_RANDOM), seed, config->report.random);
}

static pt_status_t digest_of(const char *path, char digest[33])
{
    digest[0] = '\0';
    return pt_path_exists(path) ? pt_file_digest(path, digest) : PT_OK;
}

/* The page follows its report. */
static pt_status_t fill(const sweep_table_t *t, int32_t row, int32_t seed, int32_t index)
{
    char folder[PT_CONFIG_TEXT], report[PT_PATH_MAX], page[PT_PATH_MAX];
    char before[33], after[33];
    pt_config_t config;
    sweep_path(t->sweep, row, seed, index, folder);
    PT_TRY(pt_run_config_read(folder, &config));
    name_baselines(t, row, seed, &config);
    PT_TRY(pt_run_file_path(folder, PT_FILE_REPORT, report));
    PT_TRY(pt_run_file_path(folder, PT_FILE_PAGE, page));
    PT_TRY(digest_of(report, before));
    PT_TRY(pt_report_write(&config, folder, NULL, NULL));
    PT_TRY(digest_of(report, after));
    if (!config.report.html || (strcmp(before, after) == 0 && pt_path_exists(page)))
        return PT_OK;
    return pt_page_write_run(&config, folder, NULL, NULL, page);
}

pt_status_t sweep_fill_reports(const sweep_table_t *table)
{
    for (int32_t row = 0; row < table->n_row; row++)
        for (int32_t seed = 0; seed < table->n_seed; seed++)
            for (int32_t i = 0; i < sweep_n_run(table->sweep, row, seed); i++)
                if (sweep_table_run(table, row, seed, i)->is_done)
                    PT_TRY(fill(table, row, seed, i));
    return PT_OK;
}
