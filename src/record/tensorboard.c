/* Writing an event file of TensorBoard.
 *
 * Records as of TensorFlow's TFRecord: length (8 bytes, little endian), its checksum, data,
 * their checksum; checksums are CRC-32C, masked.  The data are messages
 *
 *     Event:   step = 2 (int64), file_version = 3 (string), summary = 5 (Summary)
 *     Summary: value = 1 (Value), repeated
 *     Value:   tag = 1 (string), simple_value = 2 (float)
 *
 * Event's wall_time = 1 is left out: it would be another on another day. */
#include "polytree/record/tensorboard.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"
#include "polytree/base/protobuf.h"
#include "polytree/record/run_file.h"

enum { EVENT_STEP = 2, EVENT_FILE_VERSION = 3, EVENT_SUMMARY = 5 };
enum { SUMMARY_VALUE = 1 };
enum { VALUE_TAG = 1, VALUE_SIMPLE = 2 };

/** Texts keep their memory from event to event, as a step may not allocate. */
struct pt_tensorboard {
    char path[PT_PATH_MAX];
    FILE *file;
    int error; /* errno of the first record that could not be written, or 0 */
    pt_text_t event, summary, value, tag;
};

/** Where scalars are of: the phase, and the kind of step or the part. */
typedef struct board_place {
    const char *phase, *where;
} board_place_t;

static pt_text_t *begin(pt_text_t *text)
{
    text->n = 0;
    text->status = PT_OK;
    return text;
}

static void put_little_endian(uint64_t value, size_t n, uint8_t *byte)
{
    for (size_t i = 0; i < n; i++)
        byte[i] = (uint8_t)(value >> (8 * i));
}

/* A checksum of data that hold checksums is weak: so it is turned and shifted. */
static void put_checksum(const void *data, size_t n, uint8_t byte[4])
{
    uint32_t crc = pt_crc32c(data, n);
    put_little_endian((crc >> 15 | crc << 17) + UINT32_C(0xa282ead8), 4, byte);
}

static void write_event(pt_tensorboard_t *b)
{
    uint8_t head[12], tail[4];
    const pt_text_t *e = &b->event;
    if (e->status != PT_OK) {
        pt_error_clear();
        b->error = b->error == 0 ? ENOMEM : b->error;
        return;
    }
    put_little_endian(e->n, 8, head);
    put_checksum(head, 8, head + 8);
    put_checksum(e->data, e->n, tail);
    fwrite(head, sizeof head, 1, b->file);
    fwrite(e->data, e->n, 1, b->file);
    fwrite(tail, sizeof tail, 1, b->file);
    if ((fflush(b->file) != 0 || ferror(b->file)) && b->error == 0)
        b->error = errno;
}

/* One that is no number, or no float, is left out. */
static void put_scalar(pt_tensorboard_t *b, const board_place_t *at, const char *task,
                       const char *what, double x)
{
    pt_text_t *tag = begin(&b->tag), *value = begin(&b->value);
    if (!isfinite((float)x))
        return;
    pt_text_add(tag, "%s/%s%s%s/%s", at->phase, task, *task == '\0' ? "" : "/", what,
                at->where);
    pt_protobuf_text(value, VALUE_TAG, pt_text_get(tag));
    pt_protobuf_float(value, VALUE_SIMPLE, (float)x);
    pt_protobuf_bytes(&b->summary, SUMMARY_VALUE, pt_text_get(value), value->n);
    if (tag->status != PT_OK || value->status != PT_OK)
        b->summary.status = PT_E_MEMORY;
}

static void put_step(pt_tensorboard_t *b, const char *phase, const pt_event_step_t *e)
{
    board_place_t at = {phase, e->is_alpha ? "alpha" : "weight"};
    const struct {
        const char *what;
        bool has;
        double x;
    } scalar[] = {
        {"loss", true, e->loss},
        {"lr", true, e->lr},
        {"grad_norm", e->has_grad_norm, e->grad_norm},
        {"tau", e->has_tau, e->tau},
        {"edges", e->has_edges, e->edges},
        {"squeeze", e->has_squeeze, e->squeeze},
        {"cost", e->has_cost, e->cost},
    };
    for (size_t i = 0; i < sizeof scalar / sizeof scalar[0]; i++)
        if (scalar[i].has)
            put_scalar(b, &at, "", scalar[i].what, scalar[i].x);
    for (int32_t k = 0; k < e->n_task; k++) {
        put_scalar(b, &at, e->task[k].task, "loss", e->task[k].loss);
        if (e->has_weights)
            put_scalar(b, &at, e->task[k].task, "task_weight", e->task[k].weight);
    }
}

static void put_scores(pt_tensorboard_t *b, const char *phase, const pt_event_scores_t *e)
{
    board_place_t at = {phase, e->part};
    put_scalar(b, &at, "", "mean", e->mean);
    if (e->has_edges)
        put_scalar(b, &at, "", "edges", e->edges);
    for (int32_t k = 0; k < e->n_task; k++) {
        const pt_event_score_t *score = &e->task[k];
        put_scalar(b, &at, score->task, "loss", score->loss);
        for (int32_t i = 0; i < score->n_metric; i++)
            put_scalar(b, &at, score->task, score->metric[i].name, score->metric[i].value);
    }
}

void pt_tensorboard_put(pt_tensorboard_t *b, const pt_event_t *e)
{
    const char *phase = pt_phase_name(e->phase);
    bool is_step = e->kind == PT_EVENT_STEP;
    if (!is_step && e->kind != PT_EVENT_EVAL && e->kind != PT_EVENT_FINAL)
        return;
    begin(&b->summary);
    if (is_step)
        put_step(b, phase, &e->step);
    else
        put_scores(b, phase, &e->scores);
    begin(&b->event);
    pt_protobuf_int(&b->event, EVENT_STEP, is_step ? e->step.step : e->scores.step);
    pt_protobuf_bytes(&b->event, EVENT_SUMMARY, pt_text_get(&b->summary), b->summary.n);
    if (b->summary.status != PT_OK)
        b->event.status = b->summary.status;
    write_event(b);
}

static pt_status_t take(void *context, const pt_event_t *e)
{
    pt_tensorboard_put(context, e);
    return PT_OK;
}

static pt_status_t open_file(const char *run, pt_tensorboard_t *b)
{
    PT_TRY(pt_run_file_path(run, PT_FILE_TENSORBOARD, b->path));
    b->file = fopen(b->path, "wb");
    if (b->file == NULL)
        PT_FAIL(IO, "%s: cannot open to write: %s", b->path, strerror(errno));
    pt_protobuf_text(begin(&b->event), EVENT_FILE_VERSION, "brain.Event:2");
    write_event(b);
    return pt_journal_read(run, take, b);
}

pt_status_t pt_tensorboard_open(const char *run, pt_tensorboard_t **out)
{
    pt_tensorboard_t *b;
    PT_TRY(pt_alloc(&b, 1, sizeof *b));
    pt_status_t status = open_file(run, b);
    if (status == PT_OK)
        *out = b;
    else
        pt_tensorboard_free(b);
    return status;
}

void pt_tensorboard_free(pt_tensorboard_t *b)
{
    if (b == NULL)
        return;
    if (b->file != NULL)
        fclose(b->file);
    pt_text_release(&b->event);
    pt_text_release(&b->summary);
    pt_text_release(&b->value);
    pt_text_release(&b->tag);
    pt_free(b);
}

pt_status_t pt_tensorboard_check(const pt_tensorboard_t *b)
{
    if (b->error != 0)
        PT_FAIL(IO, "%s: cannot write: %s", b->path, strerror(b->error));
    return PT_OK;
}

pt_status_t pt_tensorboard_write(const char *run)
{
    pt_tensorboard_t *b;
    PT_TRY(pt_tensorboard_open(run, &b));
    pt_status_t status = pt_tensorboard_check(b);
    pt_tensorboard_free(b);
    return status;
}
