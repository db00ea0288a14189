/* The tables and pictures of a sweep, written into its folder. */
#include "study/sweep_report.h"

#include "polytree/record/run_file.h"
#include "polytree/study/page.h"

static pt_status_t draw(const sweep_results_t *results, pt_run_file_t file,
                        pt_status_t (*plot)(const sweep_results_t *, const char *))
{
    char path[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(results->table.sweep->folder, file, path));
    return plot(results, path);
}

static pt_status_t write_all(const sweep_results_t *results, pt_text_t *out)
{
    const sweep_table_t *t = &results->table;
    char path[PT_PATH_MAX];
    sweep_put_text(results, out);
    PT_TRY(out->status);
    PT_TRY(pt_run_file_path(t->sweep->folder, PT_FILE_SWEEP_TEXT, path));
    PT_TRY(pt_file_write(path, pt_text_get(out), out->n));
    PT_TRY(pt_run_file_path(t->sweep->folder, PT_FILE_SWEEP_JSON, path));
    PT_TRY(sweep_write_json(results, path));
    if (sweep_table_has(t, t->judged))
        PT_TRY(draw(results, PT_FILE_SWEEP_PLOT, sweep_plot_rows));
    if (sweep_plot_has_cost(t))
        PT_TRY(draw(results, PT_FILE_SWEEP_COST_PLOT, sweep_plot_cost));
    return PT_OK;
}

static pt_status_t write_page(const char *folder)
{
    char path[PT_PATH_MAX];
    PT_TRY(pt_run_file_path(folder, PT_FILE_PAGE, path));
    return pt_page_write_sweep(folder, path);
}

pt_status_t pt_sweep_report(const pt_sweep_t *sweep, pt_text_t *out)
{
    sweep_results_t results = {.truths = {.n = 0}};
    pt_status_t status;
    PT_TRY_OR(done, sweep_table_init(sweep, &results.table));
    PT_TRY_OR(done, sweep_truths_init(&results.table, &results.truths));
    PT_TRY_OR(done, sweep_truths_hold(&results.table, &results.truths));
    sweep_rivals_find(&results.table, results.rival);
    PT_TRY_OR(done, write_all(&results, out));
    PT_TRY_OR(done, sweep_fill_reports(&results.table));
    if (sweep->config->report.html)
        PT_TRY_OR(done, write_page(sweep->folder));
done:
    sweep_truths_release(&results.truths);
    sweep_table_release(&results.table);
    return status;
}
