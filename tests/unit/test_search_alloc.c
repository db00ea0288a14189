/* Nothing allocates while stepping, neither we nor the libraries: malloc and its kin are
 * this program's own, and count who calls them.
 *
 * One exception that is not ours to lift: dnnl_primitive_execute() of oneDNN 2.6 builds a
 * table of its arguments and a context of its own at each call, some ten allocations, freed
 * before it returns (456 a step here, of some 40 calls).  So the number of bytes in use
 * must be the same after each step.
 */
#include "tests/mpi/search_run.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <malloc.h>

#include "polytree/par/par.h"

enum { MAX_CALLER = 16, DEPTH = 12, STEPS = 40, FIRST = 12 };

typedef struct caller {
    char owner[64];
    int64_t n;
} caller_t;

static struct {
    bool is_on, is_inside;
    int32_t n_caller, n_step;
    size_t held, grown; /* bytes in use: when counting began, and most added since */
    caller_t caller[MAX_CALLER];
} watch;

#ifndef __SANITIZE_ADDRESS__
#define COUNTS 1

static void count(void);

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);

void *malloc(size_t bytes)
{
    count();
    return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t size)
{
    count();
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t bytes)
{
    count();
    return __libc_realloc(p, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    count();
    return __libc_memalign(align, bytes);
}

void *memalign(size_t align, size_t bytes)
{
    count();
    return __libc_memalign(align, bytes);
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
    count();
    *out = __libc_memalign(align, bytes);
    return *out == NULL ? ENOMEM : 0;
}
/* The file name of what called, past libstdc++ (operator new) and this program's malloc. */
static const char *library_of(void *const *frame, int n)
{
    const char *name = "?";
    Dl_info info;
    for (int i = 2; i < n; i++) {
        if (dladdr(frame[i], &info) == 0 || info.dli_fname == NULL)
            continue;
        const char *slash = strrchr(info.dli_fname, '/');
        name = slash == NULL ? info.dli_fname : slash + 1;
        if (strncmp(name, "libstdc++", 9) != 0 && strncmp(name, "libc.", 5) != 0)
            return name;
    }
    return name;
}

/* Threads of the libraries are counted too; the table is the stepping thread's alone. */
static void count(void)
{
    void *frame[DEPTH];
    if (!watch.is_on || watch.is_inside)
        return;
    watch.is_inside = true;
    const char *name = library_of(frame, backtrace(frame, DEPTH));
    int32_t i = 0;
    while (i < watch.n_caller && strncmp(watch.caller[i].owner, name, 63) != 0)
        i++;
    if (i < MAX_CALLER) {
        snprintf(watch.caller[i].owner, 64, "%.63s", name);
        watch.caller[i].n++;
        watch.n_caller = i == watch.n_caller ? i + 1 : watch.n_caller;
    }
    watch.is_inside = false;
}

#else
#define COUNTS 0
#endif

/* Steps are counted from one report of progress to the next. */
static void progress(void *context, const pt_progress_t *p)
{
    tiny_hooks_t *h = context;
    watch.is_on = false;
    h->in_phase = p->phase == h->phase ? h->in_phase + 1 : 1;
    h->phase = p->phase;
    watch.n_step += h->in_phase > FIRST;
    size_t held = mallinfo2().uordblks;
    if (h->in_phase == FIRST)
        watch.held = held;
    if (h->in_phase > FIRST && held > watch.held && held - watch.held > watch.grown)
        watch.grown = held - watch.held;
    watch.is_on = h->in_phase >= FIRST && h->in_phase < STEPS;
}

static unsigned poll_nothing(void *context)
{
    (void)context;
    return 0;
}

static void note_nothing(void *context, const char *line)
{
    (void)context;
    (void)line;
}

static void nobody_allocates_while_stepping(void **state)
{
    static const int32_t one[PT_N_AXIS] = {1, 1, 1};
    pt_config_t config;
    pt_layout_t layout;
    pt_kernel_t kernel;
    pt_dataset_t *dataset;
    pt_trainer_t *trainer;
    pt_search_t *search;
    pt_run_result_t result;
    char path[400], run[16];
    static int n_run;
    tiny_hooks_t context = {.stop_at = 0};
    pt_run_hooks_t hooks = {.context = &context,
                            .poll = poll_nothing,
                            .progress = progress,
                            .note = note_nothing};
    void *warm[DEPTH];
    tiny_config(*(tiny_options_t *)*state, &config);
    if (!COUNTS || (config.kernel.backend == PT_BACKEND_ONEDNN && !PT_WITH_DNNL)) {
        print_message("cannot count allocations, or no oneDNN, in this build\n");
        skip();
    }
    snprintf(run, sizeof run, "run%d", n_run++);
    backtrace(warm, DEPTH); /* loads what it needs */
    memset(&watch, 0, sizeof watch);
    assert_ok(pt_layout_init(&layout, pt_comm_world(), one, true));
    assert_ok(pt_kernel_init(&kernel, (pt_backend_t)config.kernel.backend,
                             (pt_isa_t)config.kernel.isa, 1));
    assert_ok(pt_dataset_open(config.data.file, config.data.tasks, layout.world,
                              layout.node, true, &dataset));
    assert_ok(pt_trainer_new(&config, &layout, dataset, &kernel, NULL, &trainer));
    assert_ok(pt_search_new(&config, tiny_path(run, path), trainer, &hooks, &search));
    assert_ok(pt_search_run(search, &result));
    watch.is_on = false;
    pt_search_free(search);
    pt_trainer_free(trainer);
    pt_dataset_close(dataset);
    pt_kernel_release(&kernel);
    pt_layout_release(&layout);
    assert_true(watch.n_step > 3 * (STEPS - FIRST) - 4);
    assert_int_equal(watch.grown, 0);
    if (config.kernel.backend == PT_BACKEND_ONEDNN && watch.n_caller > 0) {
        assert_int_equal(watch.n_caller, 1);
        assert_int_equal(strncmp(watch.caller[0].owner, "libdnnl.", 8), 0);
        return;
    }
    for (int32_t i = 0; i < watch.n_caller; i++)
        print_error("%s allocates %.2f times a step\n", watch.caller[i].owner,
                    (double)watch.caller[i].n / watch.n_step);
    assert_int_equal(watch.n_caller, 0);
}

#define STEPPING                                                                           \
    "warmup.steps=40", "search.steps=40", "search.alternate=1", "retrain.steps=40",        \
        "run.eval_every=0", "run.metrics_every=1000", "augment.rotate=5"

int main(int argc, char **argv)
{
    static const char *const blas[] = {"kernel.backend=blas", STEPPING, NULL};
    static const char *const onednn[] = {"kernel.backend=onednn", STEPPING, NULL};
    static const char *const sampled[] = {"kernel.backend=blas", "search.gates=hard",
                                          "search.run=active", STEPPING, NULL};
    static tiny_options_t set[] = {blas, onednn, sampled};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(nobody_allocates_while_stepping, &set[0]),
        cmocka_unit_test_prestate(nobody_allocates_while_stepping, &set[1]),
        cmocka_unit_test_prestate(nobody_allocates_while_stepping, &set[2]),
    };
    if (pt_par_start(&argc, &argv) != PT_OK)
        return 1;
    int n_failed = cmocka_run_group_tests(tests, tiny_set_up, tiny_tear_down);
    pt_par_stop();
    return n_failed;
}
