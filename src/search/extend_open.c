/* The run that is extended: reading its network, and whether a data set fits it. */
#include <string.h>

#include "polytree/arch/copies.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/record/run_checkpoint.h"
#include "polytree/record/run_config.h"
#include "polytree/record/run_file.h"
#include "search/run.h"

/* The config of the run that is extended; free it with pt_free(). */
static pt_status_t read_config(const char *run, pt_config_t **out)
{
    pt_config_t *config;
    PT_TRY(pt_alloc(&config, 1, sizeof *config));
    pt_status_t status = pt_run_config_read(run, config);
    if (status == PT_OK)
        *out = config;
    else
        pt_free(config);
    return status;
}

/* Options that make it another network must be its own. */
static pt_status_t check_options(const pt_config_t *ours, const pt_config_t *theirs)
{
    pt_config_t *like;
    PT_TRY(pt_alloc(&like, 1, sizeof *like));
    *like = *ours;
    like->space = theirs->space;
    like->space.copies = ours->space.copies;
    like->encoder = theirs->encoder;
    like->head = theirs->head;
    like->bn.eps = theirs->bn.eps;
    like->train.microbatch = theirs->train.microbatch;
    pt_status_t status = pt_config_compare(ours, like);
    pt_free(like);
    if (status == PT_E_MISMATCH)
        status = PT_ERROR(MISMATCH, "the network of %s cannot be changed: %s",
                          ours->extend.run, pt_error_message());
    return status;
}

static pt_status_t check_config(const pt_config_t *ours)
{
    const char *run = ours->extend.run;
    pt_config_t *theirs;
    PT_TRY(read_config(run, &theirs));
    const pt_method_info_t *method = &pt_methods[theirs->search.method];
    pt_status_t status = PT_OK;
    if (method->is_chain || method->is_linear)
        status = PT_ERROR(CONFIG,
                          "%s has search.method = %s: only networks of a dag or branch "
                          "space can be extended, no chains and no linear models",
                          run, method->name);
    if (status == PT_OK)
        status = check_options(ours, theirs);
    pt_free(theirs);
    return status;
}

static pt_status_t check_checkpoint(const extend_t *e, const pt_checkpoint_t *c,
                                    const char *run)
{
    const char *name =
        pt_checkpoint_find(c, EXTEND_OF_ALL) != NULL ? EXTEND_OF_ALL : "space";
    uint64_t space;
    PT_TRY(pt_checkpoint_copy(c, name, PT_DTYPE_U64, 1, &space));
    if (space != e->old.space->fingerprint)
        PT_FAIL(MISMATCH, "extend.run = %s: its network is not one of this config's space",
                run);
    return PT_OK;
}

pt_status_t extend_keep(const pt_checkpoint_t *from, pt_checkpoint_t *kept)
{
    static const char *const prefix[] = {"weight/", "statistics/"};
    for (int32_t i = 0; i < from->n_record; i++)
        for (size_t p = 0; p < sizeof prefix / sizeof prefix[0]; p++)
            if (strncmp(from->record[i].name, prefix[p], strlen(prefix[p])) == 0)
                PT_TRY(pt_checkpoint_keep(kept, &from->record[i], NULL));
    return PT_OK;
}

static pt_status_t open_network(extend_t *e, const pt_checkpoint_t *c)
{
    const pt_interface_t *i = &e->old.interface;
    int32_t *bundle;
    PT_TRY(pt_alloc(&bundle, (size_t)i->n_task, sizeof *bundle));
    for (int32_t k = 0; k < i->n_task; k++)
        bundle[k] = i->task[k].bundle;
    pt_status_t status =
        pt_inference_new(e->old.space, &e->old.subnet, bundle, &e->network);
    pt_free(bundle);
    PT_TRY(status);
    return pt_inference_load(e->network, pt_comm_alone(), c);
}

static pt_status_t read_architecture(pt_search_t *s, const char *run)
{
    extend_t *e = &s->extend;
    char path[PT_PATH_MAX], *text;
    size_t bytes;
    PT_TRY(pt_run_file_path(run, PT_FILE_ARCHITECTURE, path));
    PT_TRY(pt_file_read(path, &text, &bytes));
    pt_status_t status = pt_architecture_read(s->config, path, text, bytes,
                                              s->space->op[0].inst.kernel, &e->old);
    pt_free(text);
    PT_TRY(status);
    e->n_old = e->old.space->n_task;
    if (e->old.interface.n_task == 0)
        PT_FAIL(CONFIG, "%s was made by version 0.2.0 or before: it cannot be extended",
                run);
    return PT_OK;
}

static pt_status_t read_checkpoint(pt_search_t *s, const char *run, pt_checkpoint_t *c)
{
    int64_t counter[RUN_N_COUNTER];
    char notice[512];
    bool is_found;
    PT_TRY(pt_run_checkpoint_peek(run, c, &is_found, notice));
    if (is_found)
        PT_TRY(pt_checkpoint_copy(c, "run/counters", PT_DTYPE_I64, RUN_N_COUNTER, counter));
    if (!is_found || counter[0] != pt_phase_number(PT_N_PHASE))
        PT_FAIL(CONFIG, "%s is not finished: its network cannot be extended yet", run);
    PT_TRY(read_architecture(s, run));
    PT_TRY(check_checkpoint(&s->extend, c, run));
    PT_TRY(extend_keep(c, &s->extend.kept));
    return open_network(&s->extend, c);
}

static pt_status_t read_old(pt_search_t *s)
{
    const char *run = s->config->extend.run;
    pt_checkpoint_t c;
    if (run[0] == '\0')
        PT_FAIL(CONFIG,
                "search.method = extended adds tasks to the network of another run: "
                "set extend.run = RUN");
    PT_TRY(check_config(s->config));
    pt_checkpoint_init(&c);
    pt_status_t status = read_checkpoint(s, run, &c);
    pt_checkpoint_release(&c);
    return status;
}

static pt_status_t check_names(const pt_search_t *s)
{
    const pt_interface_t *old = &s->extend.old.interface;
    for (int32_t k = 0; k < s->space->n_task; k++)
        for (int32_t j = 0; j < old->n_task; j++)
            if (strcmp(s->space->task[k].name, old->task[j].info.name) == 0)
                PT_FAIL(CONFIG,
                        "%s has a task %s already; name those of %s that are new: --tasks "
                        "NAME ...",
                        s->config->extend.run, old->task[j].info.name,
                        s->config->data.file);
    return PT_OK;
}

/* [task.NAME] may be of an old task too, or stand in the old config for one that its run
 * had not. */
static pt_status_t check_sections(const pt_search_t *s)
{
    const pt_interface_t *old = &s->extend.old.interface;
    pt_config_t *theirs;
    const char **name = NULL;
    int32_t n = 0;
    pt_status_t status;
    PT_TRY(read_config(s->config->extend.run, &theirs));
    PT_TRY_OR(done,
              pt_alloc(&name, (size_t)(s->space->n_task + old->n_task + theirs->n_task),
                       sizeof *name));
    for (int32_t k = 0; k < s->space->n_task; k++)
        name[n++] = s->space->task[k].name;
    for (int32_t k = 0; k < old->n_task; k++)
        name[n++] = old->task[k].info.name;
    for (int32_t k = 0; k < theirs->n_task; k++)
        name[n++] = theirs->task[k].name;
    status = pt_config_check_tasks(s->config, n, name);
done:
    pt_free(name);
    pt_free(theirs);
    return status;
}

static const char *kind_of(const pt_input_info_t *input)
{
    return !input->is_image ? "features" : input->is_byte ? "images of bytes" : "images";
}

static pt_status_t check_inputs(const pt_search_t *s)
{
    const pt_input_info_t *old = &s->extend.old.interface.input;
    const pt_input_info_t ours = pt_dataset_input_info(pt_trainer_dataset(s->trainer));
    const char *file = s->config->data.file, *run = s->config->extend.run;
    if (memcmp(old->hwc, ours.hwc, sizeof ours.hwc) != 0 ||
        old->is_image != ours.is_image || old->is_byte != ours.is_byte)
        PT_FAIL(MISMATCH,
                "%s has %s, %lld x %lld x %lld; the network of %s takes %s, %lld x %lld x "
                "%lld",
                file, kind_of(&ours), (long long)ours.hwc[0], (long long)ours.hwc[1],
                (long long)ours.hwc[2], run, kind_of(old), (long long)old->hwc[0],
                (long long)old->hwc[1], (long long)old->hwc[2]);
    if (old->scale < ours.scale || old->scale > ours.scale)
        PT_FAIL(MISMATCH, "%s has inputs times %g, the network of %s takes them times %g",
                file, ours.scale, run, old->scale);
    for (int64_t c = 0; c < ours.hwc[2] && old->name != NULL && ours.name != NULL; c++)
        if (strcmp(old->name[c].text, ours.name[c].text) != 0)
            PT_FAIL(MISMATCH,
                    "feature %lld of %s is '%s', that of %s '%s': import it with its "
                    "features in the same order",
                    (long long)c + 1, file, ours.name[c].text, run, old->name[c].text);
    return PT_OK;
}

/* Old copies must be numbered as those of a branching are: then new ones come behind. */
static pt_status_t check_copies(const pt_search_t *s)
{
    const pt_architecture_t *old = &s->extend.old;
    size_t n = (size_t)old->space->n_layer * (size_t)old->space->n_task;
    pt_branching_t b = {0};
    int32_t *copy = NULL;
    bool is_same = true;
    pt_status_t status = PT_OK;
    if (s->space->kind != PT_SPACE_BRANCH)
        return PT_OK;
    PT_TRY_OR(done, pt_branching_init(&b, old->space->n_layer, old->space->n_task));
    PT_TRY_OR(done, pt_alloc(&copy, n, sizeof *copy));
    pt_copies_of_subnet(old->space, &old->subnet, copy);
    pt_branching_of_copies(copy, &b);
    is_same = memcmp(copy, b.group, n * sizeof *copy) == 0;
    for (int32_t l = 0; l < b.n_layer; l++)
        is_same =
            is_same && pt_branching_n_group(&b, l) ==
                           old->space->layer_choice[l + 1] - old->space->layer_choice[l];
    if (!is_same)
        status = PT_ERROR(CONFIG,
                          "%s: its network has copies of layers that no task uses: it "
                          "cannot be extended",
                          s->config->extend.run);
done:
    pt_free(copy);
    pt_branching_release(&b);
    return status;
}

pt_status_t run_extend_open(pt_search_t *s)
{
    if (!extend_is_on(s->config) || !s->is_root || s->is_view || run_has_network(&s->state))
        return PT_OK;
    PT_TRY(read_old(s));
    PT_TRY(check_names(s));
    PT_TRY(check_sections(s));
    PT_TRY(check_inputs(s));
    return check_copies(s);
}
