/* Writing the candidates that a run has judged. */
#include "polytree/record/candidates.h"

#include <math.h>
#include <stdio.h>

#include "polytree/arch/copies.h"
#include "polytree/base/bitset.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/record/run_file.h"
#include "record/line.h"

typedef struct candidates_writer {
    const pt_space_t *space;
    pt_subnet_t subnet;
    pt_branching_t tree; /* branch */
    line_t line;
    pt_text_t all;
} candidates_writer_t;

static void put_tree(line_t *line, const pt_branching_t *tree)
{
    char name[16];
    line_open(line, "groups");
    for (int32_t l = 0; l < tree->n_layer; l++) {
        snprintf(name, sizeof name, "l%02d", (int)l + 1);
        line_integers(line, name, tree->group + (size_t)l * (size_t)tree->n_task,
                      tree->n_task);
    }
    line_close(line);
}

static pt_status_t put_groups(candidates_writer_t *w)
{
    PT_TRY(pt_copies_branching(w->space, &w->subnet, &w->tree));
    put_tree(&w->line, &w->tree);
    return PT_OK;
}

static pt_status_t put_graphs(candidates_writer_t *w)
{
    const pt_space_t *s = w->space;
    pt_text_t text = {0};
    line_open(&w->line, "graphs");
    for (int32_t k = 0; k < s->n_task; k++) {
        text.n = 0;
        for (int32_t c = 0; c < s->n_choice; c++)
            if (pt_bitset_get(pt_subnet_bits(&w->subnet, k), c))
                pt_text_add(&text, "%s%s", text.n > 0 ? " " : "",
                            s->candidate[s->choice[c].candidate].name);
        line_text(&w->line, s->task[k].name, pt_text_get(&text));
    }
    line_close(&w->line);
    pt_status_t status = text.status;
    pt_text_release(&text);
    return status;
}

static void put_tasks(candidates_writer_t *w, const char *key, const double *value)
{
    line_open(&w->line, key);
    for (int32_t k = 0; k < w->space->n_task; k++)
        line_real(&w->line, w->space->task[k].name, value[k]);
    line_close(&w->line);
}

static void put_trained(candidates_writer_t *w, const pt_candidate_entry_t *e)
{
    char steps[24];
    line_open(&w->line, "trained");
    for (int32_t r = 0; r < e->n_trained; r++) {
        snprintf(steps, sizeof steps, "%lld", (long long)e->steps[r]);
        line_real(&w->line, steps, e->trained[r]);
    }
    line_close(&w->line);
}

static void put_scores(candidates_writer_t *w, const pt_candidate_entry_t *e)
{
    line_real(&w->line, "score", e->score);
    line_real(&w->line, "worst", e->worst);
    put_tasks(w, "tasks", e->task);
    if (e->is_final) {
        line_real(&w->line, "error", e->error);
        line_real(&w->line, "delta_m", e->delta);
        put_tasks(w, "metrics", e->metric);
    }
    if (isfinite(e->supernet))
        line_real(&w->line, "supernet", e->supernet);
    if (e->n_trained > 0)
        put_trained(w, e);
}

static pt_status_t put_entry(candidates_writer_t *w, int64_t number,
                             const pt_candidate_entry_t *e)
{
    size_t n = (size_t)w->space->n_task * w->subnet.words;
    for (size_t i = 0; i < n; i++)
        w->subnet.bits[i] = e->bits[i];
    line_begin(&w->line);
    line_integer(&w->line, "number", number);
    line_text(&w->line, "origin", e->origin);
    line_real(&w->line, "width", e->widening);
    line_real(&w->line, "cost", e->cost);
    line_boolean(&w->line, "chosen", e->is_chosen);
    line_boolean(&w->line, "front", e->is_on_front);
    put_scores(w, e);
    PT_TRY(w->space->kind == PT_SPACE_BRANCH ? put_groups(w) : put_graphs(w));
    line_end(&w->line);
    PT_TRY(w->line.text.status);
    pt_text_add_bytes(&w->all, w->line.text.data, w->line.text.n);
    return PT_OK;
}

pt_status_t pt_candidates_write(const char *run, const pt_space_t *space, int64_t n,
                                const pt_candidate_entry_t *entry)
{
    candidates_writer_t w = {.space = space};
    char path[PT_PATH_MAX];
    pt_status_t status;
    PT_TRY_OR(done, pt_run_file_path(run, PT_FILE_CANDIDATES, path));
    PT_TRY_OR(done, pt_subnet_init(&w.subnet, space->n_task, space->n_choice));
    if (space->kind == PT_SPACE_BRANCH)
        PT_TRY_OR(done, pt_branching_init(&w.tree, space->n_layer, space->n_task));
    for (int64_t i = 0; i < n; i++)
        PT_TRY_OR(done, put_entry(&w, i, &entry[i]));
    status = pt_file_write_text(path, &w.all);
done:
    pt_text_release(&w.all);
    pt_text_release(&w.line.text);
    pt_branching_release(&w.tree);
    pt_subnet_release(&w.subnet);
    return status;
}

pt_status_t pt_candidates_write_trees(const char *path, const char *origin, int64_t n,
                                      const pt_branching_t *tree)
{
    pt_text_t all = {0};
    line_t line = {0};
    for (int64_t i = 0; i < n; i++) {
        line_begin(&line);
        line_text(&line, "origin", origin);
        put_tree(&line, &tree[i]);
        line_end(&line);
        pt_text_add_bytes(&all, line.text.data, line.text.n);
    }
    pt_status_t status =
        line.text.status != PT_OK ? line.text.status : pt_file_write_text(path, &all);
    pt_text_release(&all);
    pt_text_release(&line.text);
    return status;
}
