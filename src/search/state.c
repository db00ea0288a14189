/* The state of a run to a checkpoint and back.  Rank 0 writes and reads. */
#include <math.h>
#include <string.h>

#include "polytree/base/clock.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/par/log.h"
#include "polytree/record/run_checkpoint.h"
#include "search/run.h"
#include "search/standard.h"

#define STANDARD "standard"
#define WIDENING "architecture/widening"
#define BEST "run/best"
#define BEGIN_LOSS "run/begin_loss"

enum { N_LOSS = 2, N_JOURNAL = 4 };

/* Arrays that live as long as the checkpoint which borrows them. */
typedef struct pack {
    int64_t counter[RUN_N_COUNTER], journal[N_JOURNAL];
    double loss[N_LOSS];
} pack_t;

/* -1 stays. */
static int64_t number_of(int64_t phase)
{
    return phase < 0 ? phase : pt_phase_number((pt_phase_t)phase);
}

/* Of the number of none: one that is out of range. */
static int64_t phase_of(int64_t number)
{
    pt_phase_t phase;
    return pt_phase_of_number(number, &phase) ? (int64_t)phase
           : number < 0                       ? -1
                                              : PT_N_PHASE + 1;
}

static pack_t pack_state(const run_state_t *s)
{
    return (pack_t){.counter = {number_of(s->phase), s->step, s->alpha_step, s->evaluated,
                                s->is_derived},
                    .journal = {s->metrics_bytes, number_of(s->mixed_phase), s->mixed_step,
                                s->score_part},
                    .loss = {s->loss, s->alpha_loss}};
}

static run_state_t unpack_state(const pack_t *p)
{
    return (run_state_t){.phase = phase_of(p->counter[0]),
                         .step = p->counter[1],
                         .alpha_step = p->counter[2],
                         .evaluated = p->counter[3],
                         .is_derived = p->counter[4],
                         .best_step = -1,
                         .metrics_bytes = p->journal[0],
                         .mixed_phase = phase_of(p->journal[1]),
                         .mixed_step = p->journal[2],
                         .score_part = p->journal[3],
                         .loss = p->loss[0],
                         .alpha_loss = p->loss[1]};
}

static pt_status_t add_text(pt_checkpoint_t *c, const char *name, const char *text)
{
    int64_t bytes = (int64_t)strlen(text);
    return pt_checkpoint_add(c, name, PT_DTYPE_TEXT, &bytes, 1, text, false);
}

static pt_status_t add_alpha(pt_checkpoint_t *c, const pt_alpha_t *a)
{
    const int64_t dim[2] = {a->n_task, a->n_choice};
    PT_TRY(pt_checkpoint_add(c, "alpha/logit", PT_DTYPE_F64, dim, 2, a->logit, true));
    PT_TRY(pt_checkpoint_add(c, "alpha/moment1", PT_DTYPE_F64, dim, 2, a->m, true));
    PT_TRY(pt_checkpoint_add(c, "alpha/moment2", PT_DTYPE_F64, dim, 2, a->v, true));
    return pt_checkpoint_add(c, "alpha/updates", PT_DTYPE_I64, dim, 1, a->count, true);
}

static pt_status_t add_state(const pt_search_t *s, const pack_t *p, pt_checkpoint_t *c)
{
    const int64_t n_counter = RUN_N_COUNTER, n_loss = N_LOSS, n_journal = N_JOURNAL,
                  one = 1;
    const int64_t bits[2] = {s->subnet.n_task, (int64_t)s->subnet.words};
    PT_TRY(pt_checkpoint_add(c, "run/counters", PT_DTYPE_I64, &n_counter, 1, p->counter,
                             true));
    PT_TRY(pt_checkpoint_add(c, "run/losses", PT_DTYPE_F64, &n_loss, 1, p->loss, true));
    PT_TRY(pt_checkpoint_add(c, "run/journal", PT_DTYPE_I64, &n_journal, 1, p->journal,
                             false));
    PT_TRY(pt_checkpoint_add(c, "architecture/bits", PT_DTYPE_U64, bits, 2, s->subnet.bits,
                             true));
    PT_TRY(pt_checkpoint_add(c, "space", PT_DTYPE_U64, &one, 1, &s->space->fingerprint,
                             false));
    PT_TRY(add_text(c, "config", s->config_text));
    PT_TRY(add_text(c, "files", pt_text_get(&s->files)));
    PT_TRY(add_text(c, "data", pt_dataset_digest(pt_trainer_dataset(s->trainer))->text));
    PT_TRY(add_text(c, "fingerprint", s->fingerprint.text));
    return add_text(c, "version", PT_VERSION);
}

/* Loss, metric, samples, all metrics of a task, as doubles, which hold counts exactly. */
enum { N_SCORE = 3 + PT_KIND_METRICS };

/* Then the bounds of the metrics' errors, of all tasks. */
static pt_status_t pack_scores(const pt_search_t *s, double **out, double **bound)
{
    size_t n = (size_t)s->space->n_task;
    double *score;
    PT_TRY(pt_alloc(&score, (N_SCORE + PT_KIND_METRICS) * n, sizeof *score));
    *bound = score + N_SCORE * n;
    for (int32_t k = 0; k < s->space->n_task; k++) {
        double *at = score + (size_t)k * N_SCORE;
        at[0] = s->score[k].loss;
        at[1] = s->score[k].metric;
        at[2] = (double)s->score[k].n;
        memcpy(at + 3, s->score[k].value, sizeof s->score[k].value);
        memcpy(*bound + (size_t)k * PT_KIND_METRICS, s->score[k].bound,
               sizeof s->score[k].bound);
    }
    *out = score;
    return PT_OK;
}

static pt_status_t add_best(const pt_search_t *s, double pair[2], pt_checkpoint_t *c)
{
    const int64_t two = 2, n_task = s->space->n_task;
    pair[0] = (double)s->state.best_step;
    pair[1] = s->state.best_loss;
    if (s->config->retrain.keep != PT_KEEP_BEST)
        return PT_OK;
    PT_TRY(pt_checkpoint_add(c, BEST, PT_DTYPE_F64, &two, 1, pair, true));
    return pt_checkpoint_add(c, BEGIN_LOSS, PT_DTYPE_F64, &n_task, 1, s->begin_loss, true);
}

pt_status_t run_state_best(const pt_checkpoint_t *c, run_state_t *state)
{
    double pair[2];
    if (pt_checkpoint_find(c, BEST) == NULL)
        return PT_OK;
    PT_TRY(pt_checkpoint_copy(c, BEST, PT_DTYPE_F64, 2, pair));
    state->best_step = (int64_t)pair[0];
    state->best_loss = pair[1];
    return PT_OK;
}

/* The network's branching, where it has one. */
static pt_status_t add_branching(const pt_search_t *s, int64_t **group, pt_checkpoint_t *c)
{
    const pt_branching_t *b = &s->branching;
    const int64_t dim[2] = {b->n_layer, b->n_task};
    if (b->n_layer == 0 || !s->state.is_derived)
        return PT_OK;
    PT_TRY(pt_alloc(group, (size_t)(dim[0] * dim[1]), sizeof **group));
    for (int64_t i = 0; i < dim[0] * dim[1]; i++)
        (*group)[i] = b->group[i];
    return pt_checkpoint_add(c, "architecture/branching", PT_DTYPE_I64, dim, 2, *group,
                             true);
}

/* Of a network that is as wide as its config says there is no such record. */
static pt_status_t add_widening(const pt_search_t *s, pt_checkpoint_t *c)
{
    const int64_t one = 1;
    return s->widening == 1
               ? PT_OK
               : pt_checkpoint_add(c, WIDENING, PT_DTYPE_F64, &one, 1, &s->widening, true);
}

/* Where nothing is standardised there is no such record, as in those of version 0.1.0. */
static pt_status_t add_standard(const pt_dataset_t *dataset, double **pair,
                                pt_checkpoint_t *c)
{
    const int64_t dim[2] = {standard_count(dataset), 2};
    bool is_any = false;
    PT_TRY(pt_alloc(pair, 2 * (size_t)dim[0], sizeof **pair));
    standard_pack(dataset, *pair);
    for (int64_t i = 0; i < dim[0]; i++)
        is_any = is_any || !isnan((*pair)[2 * i]);
    return is_any ? pt_checkpoint_add(c, STANDARD, PT_DTYPE_F64, dim, 2, *pair, true)
                  : PT_OK;
}

static pt_status_t write_root(pt_search_t *s, pt_checkpoint_t *c, const char *folder)
{
    const int64_t dim[2] = {s->space->n_task, N_SCORE};
    const int64_t bound_dim[2] = {s->space->n_task, PT_KIND_METRICS};
    double *score = NULL, *bound = NULL, *pair = NULL, best[2];
    int64_t *group = NULL, chosen[CHOOSE_N_COUNTER];
    pack_t pack = pack_state(&s->state);
    pt_status_t status;
    PT_TRY(add_alpha(c, &s->alpha));
    PT_TRY(add_state(s, &pack, c));
    PT_TRY_OR(done, add_best(s, best, c));
    PT_TRY_OR(done, add_branching(s, &group, c));
    PT_TRY_OR(done, add_widening(s, c));
    PT_TRY_OR(done, add_standard(pt_trainer_dataset(s->trainer), &pair, c));
    PT_TRY_OR(done, choose_save(&s->choose, chosen, c));
    PT_TRY_OR(done, run_extend_save(s, c));
    PT_TRY_OR(done, pack_scores(s, &score, &bound));
    if (s->state.phase == PT_N_PHASE) {
        PT_TRY_OR(done, pt_checkpoint_add(c, "scores", PT_DTYPE_F64, dim, 2, score, false));
        PT_TRY_OR(done, pt_checkpoint_add(c, "score_bounds", PT_DTYPE_F64, bound_dim, 2,
                                          bound, false));
    }
    PT_TRY_OR(done, pt_run_checkpoint_write(folder, c));
done:
    pt_free(group);
    pt_free(pair);
    pt_free(score);
    return status;
}

/* `digest` of the payload; rank 0 only. */
static pt_status_t write_into(pt_search_t *s, const char *folder, char digest[33])
{
    pt_checkpoint_t c;
    pt_status_t status;
    run_refresh_subnet(s);
    PT_AGREE(s->world,
             s->is_root ? pt_journal_sync(s->journal, &s->state.metrics_bytes) : PT_OK);
    pt_checkpoint_init(&c);
    PT_TRY_OR(done, pt_trainer_save(s->trainer, &c));
    if (s->state.phase == PT_N_PHASE)
        PT_TRY_OR(done, pt_trainer_save_stats(s->trainer, &s->subnet, &c));
    status = s->is_root ? write_root(s, &c, folder) : PT_OK;
    PT_TRY_OR(done, pt_comm_agree(s->world, status));
    memcpy(digest, c.digest, sizeof c.digest);
done:
    pt_checkpoint_release(&c);
    return status;
}

pt_status_t run_state_copy(pt_search_t *s, const char *folder)
{
    char digest[33];
    PT_AGREE(s->world, s->is_root ? pt_folder_make(folder) : PT_OK);
    return write_into(s, folder, digest);
}

static void count_pause(pt_run_pauses_t *p, double seconds)
{
    p->n++;
    p->seconds += seconds;
    p->longest = seconds > p->longest ? seconds : p->longest;
}

pt_status_t run_state_write(pt_search_t *s)
{
    const run_state_t *st = &s->state;
    double begin = pt_clock();
    char digest[33];
    PT_TRY(write_into(s, s->run, digest));
    count_pause(&s->speed.checkpoints, pt_clock() - begin);
    run_event_timing(s, PT_MOMENT_CHECKPOINT);
    if (st->phase < PT_N_PHASE)
        run_note(s, "checkpoint: %s, step %lld", pt_phase_name((pt_phase_t)st->phase),
                 (long long)st->step);
    else
        run_note(s, "checkpoint: done, payload %s", digest);
    s->speed.last_checkpoint = pt_clock();
    run_pause_over(s);
    return PT_OK;
}

static pt_status_t take_scores(pt_search_t *s, const pt_checkpoint_t *c)
{
    int64_t n_task = s->space->n_task;
    const void *data;
    PT_TRY(pt_checkpoint_get(c, "scores", PT_DTYPE_F64, N_SCORE * n_task, &data));
    const double *at = data;
    for (int64_t k = 0; k < n_task; k++, at += N_SCORE) {
        s->score[k] =
            (pt_task_score_t){.loss = at[0], .metric = at[1], .n = (int64_t)at[2]};
        memcpy(s->score[k].value, at + 3, sizeof s->score[k].value);
    }
    if (pt_checkpoint_find(c, "score_bounds") == NULL)
        return PT_OK; /* of version 0.1.0 */
    PT_TRY(pt_checkpoint_get(c, "score_bounds", PT_DTYPE_F64, PT_KIND_METRICS * n_task,
                             &data));
    at = data;
    for (int64_t k = 0; k < n_task; k++, at += PT_KIND_METRICS)
        memcpy(s->score[k].bound, at, sizeof s->score[k].bound);
    return PT_OK;
}

static pt_status_t check_counters(const pt_search_t *s)
{
    const run_state_t *st = &s->state;
    if (st->phase < 0 || st->phase > PT_N_PHASE || st->step < 0 || st->alpha_step < 0 ||
        st->best_step < -1 ||
        (st->phase < PT_N_PHASE && st->phase != PT_PHASE_CHOOSE &&
         st->step > s->length.n_step[st->phase]))
        PT_FAIL(FORMAT, "%s: the checkpoint's counters are out of range", s->run);
    return PT_OK;
}

/* Counters, and the network's branching and width: what form the rest has follows from
 * them. */
static pt_status_t take_state(pt_search_t *s, const pt_checkpoint_t *c)
{
    static const char name[] = "architecture/branching";
    pt_branching_t *b = &s->branching;
    const pt_record_t *record = pt_checkpoint_find(c, name);
    const void *data;
    pack_t p;
    PT_TRY(pt_checkpoint_copy(c, "run/counters", PT_DTYPE_I64, RUN_N_COUNTER, p.counter));
    PT_TRY(pt_checkpoint_copy(c, "run/losses", PT_DTYPE_F64, N_LOSS, p.loss));
    PT_TRY(pt_checkpoint_copy(c, "run/journal", PT_DTYPE_I64, N_JOURNAL, p.journal));
    s->state = unpack_state(&p);
    PT_TRY(run_state_best(c, &s->state));
    PT_TRY(check_counters(s));
    if (pt_checkpoint_find(c, WIDENING) != NULL)
        PT_TRY(pt_checkpoint_copy(c, WIDENING, PT_DTYPE_F64, 1, &s->widening));
    if (!(s->widening > 0 && s->widening <= PT_WIDENING_MAX))
        PT_FAIL(FORMAT, "%s: the checkpoint's network is of no width", s->run);
    if (b->n_layer == 0 || !s->state.is_derived)
        return PT_OK;
    if (pt_methods[s->config->search.method].is_extended && record != NULL &&
        record->n_dim == 2 && record->dim[1] >= b->n_task && record->dim[1] <= UINT16_MAX)
        PT_TRY(run_extend_room(s, (int32_t)record->dim[1]));
    int64_t n = (int64_t)b->n_layer * b->n_task;
    PT_TRY(pt_checkpoint_get(c, name, PT_DTYPE_I64, n, &data));
    for (int64_t i = 0; i < n; i++)
        b->group[i] = (int32_t)((const int64_t *)data)[i];
    if (!pt_branching_is_valid(b))
        PT_FAIL(FORMAT, "%s: the checkpoint's branching is none", s->run);
    return PT_OK;
}

static pt_status_t take_arrays(pt_search_t *s, const pt_checkpoint_t *c)
{
    pt_alpha_t *a = &s->alpha;
    int64_t n = (int64_t)a->n_task * a->n_choice;
    PT_TRY(pt_checkpoint_copy(c, "alpha/logit", PT_DTYPE_F64, n, a->logit));
    PT_TRY(pt_checkpoint_copy(c, "alpha/moment1", PT_DTYPE_F64, n, a->m));
    PT_TRY(pt_checkpoint_copy(c, "alpha/moment2", PT_DTYPE_F64, n, a->v));
    PT_TRY(pt_checkpoint_copy(c, "alpha/updates", PT_DTYPE_I64, a->n_task, a->count));
    PT_TRY(pt_checkpoint_copy(c, "architecture/bits", PT_DTYPE_U64,
                              s->subnet.n_task * (int64_t)s->subnet.words, s->subnet.bits));
    if (pt_checkpoint_find(c, BEGIN_LOSS) != NULL)
        PT_TRY(pt_checkpoint_copy(c, BEGIN_LOSS, PT_DTYPE_F64, s->space->n_task,
                                  s->begin_loss));
    return s->state.phase == PT_N_PHASE ? take_scores(s, c) : PT_OK;
}

static pt_status_t load_root(pt_search_t *s, pt_checkpoint_t *c, bool *is_found)
{
    char notice[512];
    if (s->is_view)
        PT_TRY(pt_run_checkpoint_peek(s->run, c, is_found, notice));
    else
        PT_TRY(pt_run_checkpoint_load(s->run, c, is_found, notice));
    if (notice[0] != '\0')
        pt_log(PT_LOG_WARNING, "%s", notice);
    pack_t p = pack_state(&s->state);
    if (*is_found)
        PT_TRY(
            pt_checkpoint_copy(c, "run/counters", PT_DTYPE_I64, RUN_N_COUNTER, p.counter));
    const run_state_t state = unpack_state(&p);
    if (!s->is_view)
        PT_TRY(run_files_digest(s, run_has_network(&state)));
    if (!*is_found)
        return PT_OK;
    PT_TRY(run_state_check(s, c, false));
    PT_TRY(run_files_keep(s, c));
    return take_state(s, c);
}

static pt_status_t take_rest(pt_search_t *s, const pt_checkpoint_t *c)
{
    PT_TRY(take_arrays(s, c));
    PT_TRY(choose_take(&s->choose, c));
    if (s->state.phase == PT_PHASE_CHOOSE &&
        (s->choose.n == 0 || s->state.step < s->choose.n_judged))
        PT_FAIL(FORMAT, "%s: the checkpoint's counters are out of range", s->run);
    return s->is_view ? PT_OK : run_machine_check(s, c);
}

/* All ranks know the state of rank 0; they build the network that it is of. */
static pt_status_t share_state(pt_search_t *s)
{
    pt_branching_t *b = &s->branching;
    int32_t n_task = b->n_task;
    if (!s->state.is_derived)
        return PT_OK;
    PT_TRY(pt_comm_bcast(s->world, &n_task, sizeof n_task, 0));
    PT_TRY(pt_comm_bcast(s->world, &s->widening, sizeof s->widening, 0));
    PT_AGREE(s->world, run_extend_room(s, n_task));
    size_t n = (size_t)b->n_layer * (size_t)n_task;
    PT_TRY(pt_comm_bcast(s->world, b->group, n * sizeof *b->group, 0));
    return run_changes_form(s) ? run_change_form(s) : PT_OK;
}

/* Alpha is of the space that is searched, the subnet of the trainer's form: neither's sizes
 * say anything of the other's. */
static pt_status_t share(pt_search_t *s)
{
    pt_alpha_t *a = &s->alpha;
    size_t n_task = (size_t)a->n_task, n = n_task * (size_t)a->n_choice;
    PT_TRY(pt_comm_bcast(s->world, a->logit, n * sizeof *a->logit, 0));
    PT_TRY(pt_comm_bcast(s->world, a->m, n * sizeof *a->m, 0));
    PT_TRY(pt_comm_bcast(s->world, a->v, n * sizeof *a->v, 0));
    PT_TRY(pt_comm_bcast(s->world, a->count, n_task * sizeof *a->count, 0));
    PT_TRY(pt_comm_bcast(s->world, s->subnet.bits,
                         n_task * s->subnet.words * sizeof *s->subnet.bits, 0));
    PT_TRY(pt_comm_bcast(s->world, s->score, n_task * sizeof *s->score, 0));
    PT_TRY(pt_comm_bcast(s->world, s->begin_loss, n_task * sizeof *s->begin_loss, 0));
    for (int32_t k = 0; k < s->subnet.n_task; k++)
        pt_subnet_harden(&s->subnet, k);
    if (s->choose.is_on)
        PT_TRY(run_choose_share(s, 0));
    run_refresh_subnet(s);
    return PT_OK;
}

/* A network is of the units that it was trained in. */
static pt_status_t share_standard(pt_search_t *s, const pt_checkpoint_t *c)
{
    pt_dataset_t *dataset = pt_trainer_dataset(s->trainer);
    int64_t n = 2 * standard_count(dataset);
    double *pair = NULL;
    pt_status_t status = pt_alloc(&pair, (size_t)n, sizeof *pair);
    for (int64_t i = 0; status == PT_OK && i < n; i++)
        pair[i] = NAN;
    if (s->is_root && status == PT_OK && pt_checkpoint_find(c, STANDARD))
        status = pt_checkpoint_copy(c, STANDARD, PT_DTYPE_F64, n, pair);
    PT_TRY_OR(done, pt_comm_agree(s->world, status));
    PT_TRY_OR(done, pt_comm_bcast(s->world, pair, (size_t)n * sizeof *pair, 0));
    status = standard_take(dataset, pair);
    PT_TRY_OR(done, pt_comm_agree(s->world, status));
done:
    pt_free(pair);
    return status;
}

pt_status_t run_state_find(pt_search_t *s, pt_checkpoint_t *c, bool *is_found)
{
    struct {
        run_state_t state;
        bool is_found;
    } head = {.is_found = false};
    PT_AGREE(s->world, s->is_root ? load_root(s, c, &head.is_found) : PT_OK);
    head.state = s->state;
    PT_TRY(pt_comm_bcast(s->world, &head, sizeof head, 0));
    s->state = head.state;
    *is_found = head.is_found;
    return PT_OK;
}

pt_status_t run_state_take(pt_search_t *s, const pt_checkpoint_t *c)
{
    PT_TRY(share_state(s));
    PT_AGREE(s->world, s->is_root ? take_rest(s, c) : PT_OK);
    PT_TRY(pt_comm_bcast(s->world, &s->state, sizeof s->state, 0));
    PT_TRY(share(s));
    PT_TRY(share_standard(s, c));
    PT_TRY(run_extend_load(s, c));
    return pt_trainer_load(s->trainer, c);
}
