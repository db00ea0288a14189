/* Reading the two journals of a run, also while it is writing them. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/record/journal.h"
#include "polytree/record/run_file.h"
#include "record/event.h"

/** A journal that is read, and room for the arrays of the event at work. */
typedef struct journal_reader {
    pt_event_taker_t take;
    pt_timing_taker_t take_timing;
    void *context;
    pt_event_share_t *share;
    pt_event_score_t *score;
    pt_event_cost_t *cost;
    int64_t *confusion; /* of all tasks of a line */
    size_t share_capacity, score_capacity, cost_capacity, confusion_capacity;
} journal_reader_t;

typedef pt_status_t (*line_taker_t)(journal_reader_t *reader, json_t *line);

static double get_real(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static int64_t get_integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *get_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static bool has(const json_t *object, const char *key)
{
    return json_object_get(object, key) != NULL;
}

static pt_status_t get_phase(const json_t *line, pt_phase_t *phase)
{
    const char *name =
        get_text(line, has(line, EVENT_PHASE) ? EVENT_PHASE : EVENT_PHASE_ONCE);
    if (!pt_phase_find(name, phase))
        PT_FAIL(FORMAT, "'%.40s': no such phase", name);
    return PT_OK;
}

static const char *get_event(const json_t *line)
{
    const char *word = get_text(line, "event");
    return strcmp(word, EVENT_PHASE_ONCE) == 0 ? EVENT_PHASE : word;
}

static pt_status_t read_step(journal_reader_t *r, json_t *line, pt_event_step_t *e)
{
    json_t *losses = json_object_get(line, "task_loss");
    json_t *weights = json_object_get(line, "task_weight"), *loss;
    const char *name;
    *e = (pt_event_step_t){.is_alpha = strcmp(get_text(line, "kind"), "alpha") == 0,
                           .step = get_integer(line, "step"),
                           .loss = get_real(line, "loss"),
                           .lr = get_real(line, "lr"),
                           .has_squeeze = has(line, "squeeze"),
                           .has_cost = has(line, "cost"),
                           .has_grad_norm = has(line, "grad_norm"),
                           .has_tau = has(line, "tau"),
                           .has_edges = has(line, "edges"),
                           .has_weights = weights != NULL,
                           .squeeze = get_real(line, "squeeze"),
                           .cost = get_real(line, "cost"),
                           .grad_norm = get_real(line, "grad_norm"),
                           .tau = get_real(line, "tau"),
                           .edges = get_real(line, "edges")};
    PT_TRY(
        pt_grow(&r->share, &r->share_capacity, json_object_size(losses), sizeof *r->share));
    json_object_foreach(losses, name, loss) r->share[e->n_task++] =
        (pt_event_share_t){name, get_real(losses, name), get_real(weights, name)};
    e->task = r->share;
    return PT_OK;
}

static void read_score(json_t *scores, const char *name, pt_event_score_t *score)
{
    const char *key;
    json_t *value;
    *score = (pt_event_score_t){
        .task = name, .n = get_integer(scores, "n"), .loss = get_real(scores, "loss")};
    json_object_foreach(scores, key, value)
    {
        if (strcmp(key, "n") == 0 || strcmp(key, "loss") == 0 || json_is_array(value))
            continue;
        if (score->n_metric > 0 && strstr(key, "_bound") != NULL)
            score->metric[score->n_metric - 1].bound = get_real(scores, key);
        else if (score->n_metric < PT_KIND_METRICS)
            score->metric[score->n_metric++] =
                (pt_event_metric_t){.name = key, .value = get_real(scores, key)};
    }
}

/* Confusion matrices of a line's tasks, which are in the order of r->score. */
static pt_status_t read_confusions(journal_reader_t *r, json_t *tasks)
{
    json_t *scores;
    const char *name;
    size_t total = 0;
    pt_event_score_t *score = r->score;
    json_object_foreach(tasks, name, scores)
    {
        size_t n = json_array_size(json_object_get(scores, "confusion"));
        total += n * n;
    }
    PT_TRY(pt_grow(&r->confusion, &r->confusion_capacity, total, sizeof *r->confusion));
    total = 0;
    json_object_foreach(tasks, name, scores)
    {
        const json_t *rows = json_object_get(scores, "confusion");
        size_t n = json_array_size(rows);
        score->confusion = n > 0 ? r->confusion + total : NULL;
        score++->n_class = (int32_t)n;
        for (size_t i = 0; i < n * n; i++)
            r->confusion[total++] =
                json_integer_value(json_array_get(json_array_get(rows, i / n), i % n));
    }
    return PT_OK;
}

static pt_status_t read_scores(journal_reader_t *r, json_t *line, pt_event_scores_t *e)
{
    json_t *tasks = json_object_get(line, "tasks"), *scores;
    json_t *samples = json_object_get(line, "samples");
    const char *name;
    *e = (pt_event_scores_t){
        .step = get_integer(line, "step"),
        .samples = {get_real(samples, "searching"), get_real(samples, "training")},
        .part = get_text(line, "part"),
        .mean = get_real(line, "mean"),
        .has_edges = has(line, "edges"),
        .edges = get_real(line, "edges"),
        .kept = has(line, "kept") ? get_integer(line, "kept") : -1};
    PT_TRY(
        pt_grow(&r->score, &r->score_capacity, json_object_size(tasks), sizeof *r->score));
    json_object_foreach(tasks, name, scores)
        read_score(scores, name, &r->score[e->n_task++]);
    e->task = r->score;
    return read_confusions(r, tasks);
}

static pt_cost_t read_cost(const json_t *object)
{
    return (pt_cost_t){.madds = get_integer(object, "madds"),
                       .encoder_madds = get_integer(object, "encoder_madds"),
                       .parameters = get_integer(object, "parameters"),
                       .edges = (int32_t)get_integer(object, "edges")};
}

static pt_status_t read_network(journal_reader_t *r, json_t *line, pt_event_network_t *e)
{
    json_t *tasks = json_object_get(line, "tasks"), *cost;
    const char *name;
    *e = (pt_event_network_t){.cost = read_cost(line)};
    PT_TRY(pt_grow(&r->cost, &r->cost_capacity, json_object_size(tasks), sizeof *r->cost));
    json_object_foreach(tasks, name, cost) r->cost[e->n_task++] =
        (pt_event_cost_t){name, read_cost(cost)};
    e->task = r->cost;
    return PT_OK;
}

static pt_event_candidate_t read_candidate(const json_t *line)
{
    return (pt_event_candidate_t){.step = get_integer(line, "step"),
                                  .number = get_integer(line, "number"),
                                  .origin = get_text(line, "origin"),
                                  .trained = get_integer(line, "trained"),
                                  .part = get_text(line, "part"),
                                  .cost = get_real(line, "cost"),
                                  .score = get_real(line, "score"),
                                  .worst = get_real(line, "worst")};
}

static pt_event_choice_t read_choice(const json_t *line)
{
    return (pt_event_choice_t){
        .number = get_integer(line, "number"),
        .n = get_integer(line, "candidates"),
        .n_final = get_integer(line, "finalists"),
        .n_tied = get_integer(line, "tied"),
        .origin = get_text(line, "origin"),
        .judge = get_text(line, "judge"),
        .score = get_real(line, "score"),
        .error = get_real(line, "error"),
        .worst = get_real(line, "worst"),
        .samples = get_real(line, "samples"),
        .spent = get_real(line, "spent"),
        .supernet_samples = get_real(line, "supernet_samples"),
        .training_samples = get_real(line, json_object_get(line, "training_samples") != NULL
                                               ? "training_samples"
                                               : "halving_samples")}; /* of 0.2.0 */
}

static pt_status_t take_event(journal_reader_t *r, json_t *line)
{
    const char *word = get_event(line);
    pt_event_t e = {.kind = PT_EVENT_PHASE};
    while (e.kind < PT_N_EVENT && strcmp(word, event_word[e.kind]) != 0)
        e.kind++;
    if (e.kind == PT_N_EVENT)
        return PT_OK;
    PT_TRY(get_phase(line, &e.phase));
    switch (e.kind) {
    case PT_EVENT_PHASE:
        e.begun = (pt_event_phase_t){get_integer(line, "steps"),
                                     get_integer(line, "alpha_steps")};
        break;
    case PT_EVENT_STEP:
        PT_TRY(read_step(r, line, &e.step));
        break;
    case PT_EVENT_CANDIDATE:
        e.candidate = read_candidate(line);
        break;
    case PT_EVENT_CHOICE:
        e.choice = read_choice(line);
        break;
    case PT_EVENT_NETWORK:
        PT_TRY(read_network(r, line, &e.network));
        break;
    default:
        PT_TRY(read_scores(r, line, &e.scores));
    }
    return r->take(r->context, &e);
}

static pt_trainer_time_t read_times(const json_t *line)
{
    return (pt_trainer_time_t){.step = get_real(line, "step_seconds"),
                               .ops = get_real(line, "ops"),
                               .loss = get_real(line, "loss"),
                               .feed = get_real(line, "feed"),
                               .compile = get_real(line, "compile"),
                               .reduce = get_real(line, "reduce"),
                               .transfer = get_real(line, "transfer"),
                               .update = get_real(line, "update"),
                               .evaluate = get_real(line, "evaluate")};
}

static void read_traffic(const json_t *object, pt_traffic_stat_t *traffic)
{
    for (int32_t i = 0; i < PT_N_TRAFFIC; i++) {
        const json_t *stat = json_object_get(object, pt_traffic_name((pt_traffic_t)i));
        traffic[i] =
            (pt_traffic_stat_t){get_integer(stat, "calls"), get_integer(stat, "bytes"),
                                get_real(stat, "seconds")};
    }
}

static pt_status_t take_timing(journal_reader_t *r, json_t *line)
{
    const char *word = get_event(line);
    pt_timing_t t = {.moment = PT_MOMENT_PHASE};
    while (t.moment < PT_N_MOMENT && strcmp(word, event_moment_word[t.moment]) != 0)
        t.moment++;
    if (t.moment == PT_N_MOMENT)
        return PT_OK;
    PT_TRY(get_phase(line, &t.phase));
    t.step = get_integer(line, "step");
    t.job = get_integer(line, "job");
    t.wall = get_real(line, "wall");
    t.seconds_left = get_real(line, "seconds_left");
    t.samples_per_second = get_real(line, "samples_per_second");
    for (size_t i = 0; i < PT_N_AXIS; i++)
        t.extent[i] =
            (int32_t)json_integer_value(json_array_get(json_object_get(line, "layout"), i));
    t.resident_peak = get_integer(line, "resident_peak");
    t.time = read_times(line);
    t.n_checkpoint = get_integer(line, "checkpoints");
    t.checkpoint_seconds = get_real(line, "checkpoint");
    t.is_mixed = json_is_true(json_object_get(line, "is_mixed"));
    read_traffic(json_object_get(line, "traffic"), t.traffic);
    t.message = json_string_value(json_object_get(line, "message"));
    return r->take_timing(r->context, &t);
}

static pt_status_t take_text(journal_reader_t *r, line_taker_t take, const char *text,
                             size_t bytes)
{
    json_error_t error;
    json_t *line = json_loadb(text, bytes, 0, &error);
    if (!json_is_object(line)) {
        json_decref(line);
        if (r->take_timing != NULL) /* torn: it was no loss when it was written either */
            return PT_OK;
        PT_FAIL(FORMAT, "not a JSON object: %.40s", error.text);
    }
    pt_status_t status = take(r, line);
    json_decref(line);
    return status;
}

static pt_status_t read_lines(journal_reader_t *r, const char *run, pt_run_file_t file,
                              line_taker_t take)
{
    char path[PT_PATH_MAX], *text;
    size_t bytes;
    int number = 0;
    pt_status_t status = PT_OK;
    PT_TRY(pt_run_file_path(run, file, path));
    PT_TRY(pt_file_read(path, &text, &bytes));
    const char *begin = text, *all = text + bytes, *end;
    for (; status == PT_OK && (end = memchr(begin, '\n', (size_t)(all - begin))) != NULL;
         begin = end + 1) {
        number++;
        status = take_text(r, take, begin, (size_t)(end - begin));
    }
    pt_free(text);
    pt_free(r->share);
    pt_free(r->score);
    pt_free(r->confusion);
    pt_free(r->cost);
    if (status != PT_OK)
        return PT_ERROR(FORMAT, "%s:%d: %s", path, number, pt_error_message());
    return PT_OK;
}

pt_status_t pt_journal_read(const char *run, pt_event_taker_t take, void *context)
{
    journal_reader_t r = {.take = take, .context = context};
    return read_lines(&r, run, PT_FILE_METRICS, take_event);
}

pt_status_t pt_journal_read_timing(const char *run, pt_timing_taker_t take, void *context)
{
    journal_reader_t r = {.take_timing = take, .context = context};
    return read_lines(&r, run, PT_FILE_TIMING, take_timing);
}
