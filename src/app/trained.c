/* The trained network of a run: from its folder to kernels that run it. */
#include "app/trained.h"

#include <errno.h>
#include <string.h>

#include "app/session.h"
#include "polytree/base/memory.h"
#include "polytree/config/phase.h"
#include "polytree/io/file.h"
#include "polytree/par/comm.h"
#include "polytree/par/log.h"
#include "polytree/record/run_checkpoint.h"
#include "polytree/record/run_file.h"
#include "polytree/search/search.h"

/* What rank 0 reads, and the text that all have. */
typedef struct reading {
    const char *run;
    pt_comm_t *comm;
    char path[PT_PATH_MAX]; /* of the description */
    char *text;
    size_t bytes;
    pt_checkpoint_t checkpoint;
} run_reading_t;

static bool is_root(const run_reading_t *r)
{
    return pt_comm_rank(r->comm) == 0;
}

static pt_status_t check_finished(const run_reading_t *r)
{
    enum { N_COUNTER = 5 };
    const void *counter;
    PT_TRY(pt_checkpoint_get(&r->checkpoint, "run/counters", PT_DTYPE_I64, N_COUNTER,
                             &counter));
    if (*(const int64_t *)counter != pt_phase_number(PT_N_PHASE))
        PT_FAIL(CONFIG, "%s is not finished: its network cannot be used yet", r->run);
    return PT_OK;
}

/* On rank 0. */
static pt_status_t read_run(run_reading_t *r)
{
    char notice[512];
    bool is_found;
    PT_TRY(pt_run_checkpoint_peek(r->run, &r->checkpoint, &is_found, notice));
    if (!is_found)
        PT_FAIL(IO, "%s has no checkpoint yet", r->run);
    if (notice[0] != '\0')
        pt_log(PT_LOG_WARNING, "%s", notice);
    PT_TRY(check_finished(r));
    return pt_file_read(r->path, &r->text, &r->bytes);
}

/* Rank 0's text to all. */
static pt_status_t share_text(run_reading_t *r)
{
    pt_comm_t *world = r->comm;
    pt_status_t status = PT_OK;
    PT_TRY(pt_comm_bcast(world, &r->bytes, sizeof r->bytes, 0));
    if (!is_root(r)) {
        pt_free(r->text);
        r->text = NULL;
        status = pt_alloc(&r->text, r->bytes + 1, 1);
    }
    PT_AGREE(world, status);
    return pt_comm_bcast(world, r->text, r->bytes, 0);
}

/* The description as it would be written today, on rank 0. */
static pt_status_t describe_anew(const pt_session_t *s, const pt_search_t *search,
                                 run_reading_t *r)
{
    pt_interface_t interface;
    pt_text_t text = {0};
    PT_TRY(pt_interface_of(s->dataset, pt_trainer_feed(s->trainer), &interface));
    pt_status_t status = pt_architecture_text(
        pt_trainer_space(s->trainer), pt_search_subnet(search), NULL, &interface, &text);
    pt_interface_release(&interface);
    if (status == PT_OK) {
        pt_free(r->text);
        r->text = NULL;
        r->bytes = text.n;
        return pt_text_steal(&text, &r->text);
    }
    pt_text_release(&text);
    return status;
}

/* On rank 0. */
static pt_status_t find_data(const pt_config_t *config, const run_reading_t *r)
{
    if (pt_path_exists(config->data.file))
        return PT_OK;
    PT_FAIL(IO,
            "%s was made by version 0.2.0 or before, whose networks are used beside their "
            "data set: data.file %s: %s (where it has moved, --set data.file=FILE)",
            r->run, config->data.file, strerror(ENOENT));
}

static pt_status_t ask_data(const pt_config_t *config, run_reading_t *r)
{
    pt_session_t *session = NULL;
    pt_search_t *search = NULL;
    pt_comm_t *world = r->comm;
    if (world == pt_comm_alone())
        PT_FAIL(MISSING, "%s was made by version 0.2.0 or before", r->run);
    pt_status_t status = pt_alloc(&session, 1, sizeof *session);
    PT_AGREE(world, status);
    session->config = *config;
    status = is_root(r) ? find_data(config, r) : PT_OK;
    PT_TRY_OR(done, pt_comm_agree(world, status));
    PT_TRY_OR(done, pt_session_open(session));
    if (session->layout.is_active)
        status = pt_search_view(&session->config, r->run, session->trainer, &search);
    if (is_root(r) && status == PT_OK)
        status = describe_anew(session, search, r);
    PT_TRY_OR(done, pt_comm_agree(world, status));
    PT_TRY_OR(done, share_text(r));
done:
    pt_search_free(search);
    pt_session_close(session);
    pt_free(session);
    return status;
}

static pt_status_t build(pt_trained_t *t, const run_reading_t *r)
{
    pt_architecture_release(&t->found);
    return pt_architecture_read(&t->config, r->path, r->text, r->bytes, &t->kernel,
                                &t->found);
}

/* Weights of another space would be found by the same names. */
static pt_status_t check_space(const pt_trained_t *t, const run_reading_t *r)
{
    const void *theirs;
    bool is_extended = pt_checkpoint_find(&r->checkpoint, "network") != NULL;
    PT_TRY(pt_checkpoint_get(&r->checkpoint, is_extended ? "network" : "space",
                             PT_DTYPE_U64, 1, &theirs));
    if (*(const uint64_t *)theirs != t->found.space->fingerprint)
        PT_FAIL(MISMATCH, "%s: the checkpoint beside it is of another network", r->path);
    return PT_OK;
}

static pt_status_t make_objectives(pt_trained_t *t)
{
    const pt_interface_t *i = &t->found.interface;
    PT_TRY(pt_alloc(&t->objective, (size_t)i->n_task, sizeof *t->objective));
    for (int32_t k = 0; k < i->n_task; k++)
        PT_TRY(pt_objective_make(&t->config, &i->task[k].info, &t->objective[k]));
    return PT_OK;
}

static pt_status_t make_network(pt_trained_t *t)
{
    const pt_interface_t *i = &t->found.interface;
    int32_t *bundle;
    PT_TRY(make_objectives(t));
    PT_TRY(pt_alloc(&bundle, (size_t)i->n_task, sizeof *bundle));
    for (int32_t k = 0; k < i->n_task; k++)
        bundle[k] = i->task[k].bundle;
    pt_status_t status =
        pt_inference_new(t->found.space, &t->found.subnet, bundle, &t->network);
    pt_free(bundle);
    return status;
}

static pt_status_t open_run(pt_trained_t *t, run_reading_t *r)
{
    pt_comm_t *world = r->comm;
    const pt_config_t *c = &t->config;
    PT_AGREE(world, is_root(r) ? read_run(r) : PT_OK);
    PT_TRY(share_text(r));
    pt_status_t status = pt_kernel_init(&t->kernel, (pt_backend_t)c->kernel.backend,
                                        (pt_isa_t)c->kernel.isa, (int32_t)c->run.threads);
    t->has_kernel = status == PT_OK;
    PT_AGREE(world, status);
    PT_AGREE(world, build(t, r));
    if (t->found.interface.n_task == 0) {
        PT_TRY(ask_data(c, r));
        PT_AGREE(world, build(t, r));
    }
    PT_AGREE(world, is_root(r) ? check_space(t, r) : PT_OK);
    memcpy(t->digest, r->checkpoint.digest, sizeof t->digest);
    PT_AGREE(world, make_network(t));
    return pt_inference_load(t->network, world, &r->checkpoint);
}

pt_status_t pt_trained_read(const char *run, pt_comm_t *comm, pt_trained_t *trained)
{
    run_reading_t reading = {.run = run, .comm = comm};
    pt_status_t status;
    PT_TRY(pt_run_file_path(run, PT_FILE_ARCHITECTURE, reading.path));
    pt_checkpoint_init(&reading.checkpoint);
    status = open_run(trained, &reading);
    pt_checkpoint_release(&reading.checkpoint);
    pt_free(reading.text);
    return status;
}

pt_status_t pt_trained_open(const char *run, const pt_args_t *args, pt_trained_t *trained)
{
    PT_TRY(pt_session_config_of_run(run, args, &trained->config));
    return pt_trained_read(run, pt_comm_world(), trained);
}

void pt_trained_close(pt_trained_t *trained)
{
    pt_inference_free(trained->network);
    pt_free(trained->objective);
    pt_architecture_release(&trained->found);
    if (trained->has_kernel)
        pt_kernel_release(&trained->kernel);
}
