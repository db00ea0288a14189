/* Every backend on every ISA of this machine agrees with ref in every operation, gives
 * the same bits when run twice, stays inside its buffers and allocates nothing when run.
 *
 * Each backend and ISA runs in a process of its own, because oneDNN takes its limit on the
 * ISA once per process.
 *
 * Tolerance: a float sum of n terms is off by at most n 2^-24 of the sum of magnitudes; the
 * longest here have some 2500 terms whose signs are random, so that errors grow as the
 * root: 50 2^-24 = 3e-6 of the largest magnitude, times 3 for batch norm's differences.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cases.h"

static const double tolerance = 1e-5;

/* Shapes as networks have them, beside the small ones. */
/* clang-format off */
static const pt_case_t large[] = {
    {"conv", {.channels = 32, .kernel = 3}, 1, {{2, 18, 18, 32}}},
    {"conv", {.channels = 48, .kernel = 3, .stride = 2}, 1, {{3, 18, 18, 32}}},
    {"conv", {.channels = 64, .kernel = 1}, 1, {{4, 9, 9, 48}}},
    {"conv", {.channels = 32, .kernel = 3}, 1, {{2, 35, 35, 1}}},
    {"conv", {.channels = 72, .kernel = 5, .groups = 72}, 1, {{2, 9, 9, 72}}},
    {"batch_norm", {.act = PT_ACT_RELU}, 1, {{16, 9, 9, 48}}},
    {"batch_norm", {.act = PT_ACT_RELU6}, 1, {{16, 4, 4, 280}}},
    {"pool_max", {.kernel = 3, .stride = 2}, 1, {{2, 18, 18, 48}}},
    {"pool_avg", {.kernel = 3, .stride = 2}, 1, {{2, 18, 18, 300}}},
    {"conv", {.channels = 96, .kernel = 3, .groups = 96}, 1, {{2, 16, 16, 96}}},
    {"conv", {.channels = 144, .kernel = 3, .groups = 144, .stride = 2}, 1, {{2, 16, 15, 144}}},
    {"conv", {.channels = 80, .kernel = 3, .groups = 80, .dilation = 2}, 1, {{2, 8, 9, 80}}},
    {"conv", {.channels = 24, .kernel = 3, .dilation = 4}, 1, {{2, 9, 9, 32}}},
    {"relu", {.act = PT_ACT_RELU6}, 1, {{2, 18, 18, 33}}},
    {"batch_norm", {.act = PT_ACT_RELU6, .no_affine = 1}, 1, {{8, 9, 9, 96}}},
    {"global_pool", {0}, 1, {{4, 16, 16, 300}}},
    {"resize", {.out_h = 64, .out_w = 64}, 1, {{2, 16, 16, 13}}},
    {"resize", {.out_h = 33, .out_w = 65, .align_corners = 1}, 1, {{2, 9, 17, 32}}},
    {"resize", {.out_h = 5, .out_w = 7}, 1, {{2, 64, 65, 3}}},
    {"resize", {.out_h = 16, .out_w = 16}, 1, {{2, 16, 16, 5}}},
    {"concat", {0}, 2, {{4, 16, 16, 32}, {4, 16, 16, 24}}},
    {"add", {0}, 2, {{2, 18, 18, 33}}},
    {"mix", {0}, 2, {{2, 18, 18, 33}}},
    {"linear", {.channels = 55}, 1, {{16, 1, 1, 64}}},
};
/* clang-format on */

enum { N_LARGE = sizeof large / sizeof *large, N_ALL = N_CASE + N_LARGE };

static const pt_case_t *case_at(int32_t i)
{
    return i < N_CASE ? &cases[i] : &large[i - N_CASE];
}

typedef struct target {
    pt_backend_t backend;
    pt_isa_t isa;
    int32_t threads;
} target_t;

static bool agree(const char *what, const pt_real_t *expected, const pt_real_t *got,
                  int64_t n)
{
    double largest = 1e-3;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)expected[i]));
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)expected[i]) <= tolerance * largest)) {
            print_error("  %s[%lld] is %.9g, ref says %.9g (largest %g)\n", what,
                        (long long)i, (double)got[i], (double)expected[i], largest);
            return false;
        }
    return true;
}

static bool rigs_agree(const rig_t *ref, const rig_t *r)
{
    bool is_good = agree("y", ref->args.y, r->args.y, r->n_y);
    for (int32_t i = 0; i < r->inst.n_in; i++)
        is_good = agree("dx", ref->dx[i], r->dx[i], r->n_x[i]) && is_good;
    for (int32_t i = 0; i < r->inst.n_param; i++)
        is_good = agree("dparam", ref->dparam[i], r->dparam[i], r->n_param[i]) && is_good;
    if (r->inst.flags & PT_OP_HAS_GATE && fabs(ref->dgate - r->dgate) > 1e-9) {
        print_error("  dgate is %.15g, ref says %.15g\n", r->dgate, ref->dgate);
        is_good = false;
    }
    return is_good;
}

/** Fill the outputs with what is not a number, so that nothing old passes for new. */
static void spoil(rig_t *r)
{
    memset(r->args.y, 0xff, (size_t)r->n_y * sizeof(pt_real_t));
    memset(r->args.saved, 0xff, r->inst.saved_bytes);
    memset(r->args.work, 0xff, r->inst.work_bytes);
    for (int32_t i = 0; i < r->inst.n_in; i++)
        memset(r->dx[i], 0xff, (size_t)r->n_x[i] * sizeof(pt_real_t));
    for (int32_t i = 0; i < r->inst.n_param; i++)
        memset(r->dparam[i], 0xff, (size_t)r->n_param[i] * sizeof(pt_real_t));
}

static void run(rig_t *r)
{
    spoil(r);
    r->inst.op->forward(&r->inst, &r->args);
    r->inst.op->backward(&r->inst, &r->args);
}

static bool same_bits(const rig_t *a, const rig_t *b)
{
    size_t real = sizeof(pt_real_t);
    bool is_same = !memcmp(a->args.y, b->args.y, (size_t)a->n_y * real) &&
                   !memcmp(&a->dgate, &b->dgate, sizeof a->dgate);
    for (int32_t i = 0; i < a->inst.n_in; i++)
        is_same = is_same && !memcmp(a->dx[i], b->dx[i], (size_t)a->n_x[i] * real);
    for (int32_t i = 0; i < a->inst.n_param; i++)
        is_same =
            is_same && !memcmp(a->dparam[i], b->dparam[i], (size_t)a->n_param[i] * real);
    return is_same;
}

/** New values under a new version, and under version 0, must be seen. */
static bool changed_weights_are_seen(rig_t *ref, rig_t *r)
{
    bool is_good = true;
    for (uint64_t version = 2; is_good && version != 1; version = version == 2 ? 0 : 1) {
        for (int64_t i = 0; i < r->n_param[0]; i++) {
            r->param[0][i] = -r->param[0][i] + (pt_real_t)0.5;
            ref->param[0][i] = r->param[0][i];
        }
        ref->args.param_version = r->args.param_version = version;
        run(ref);
        run(r);
        is_good = rigs_agree(ref, r);
    }
    return is_good;
}

static bool check_case(const pt_kernel_t *oracle, const pt_kernel_t *kernel,
                       const pt_case_t *c)
{
    rig_t ref, one, two;
    bool is_good = rig_init(&ref, oracle, c) == PT_OK &&
                   rig_init(&one, kernel, c) == PT_OK && rig_init(&two, kernel, c) == PT_OK;
    if (!is_good) {
        print_error("  %s\n", pt_error_message());
        return false;
    }
    run(&ref);
    uint64_t n_alloc = pt_memory_n_alloc();
    run(&one);
    run(&two);
    run(&two);
    if (pt_memory_n_alloc() != n_alloc) {
        print_error("  memory was allocated while running\n");
        is_good = false;
    }
    is_good = rigs_agree(&ref, &one) && is_good;
    if (!same_bits(&one, &two)) {
        print_error("  the second run gave other bits\n");
        is_good = false;
    }
    if (!rig_guards_are_whole(&one) || !rig_guards_are_whole(&two)) {
        print_error("  a buffer was overrun\n");
        is_good = false;
    }
    if (ref.inst.flags & PT_OP_HAS_STAT) {
        rig_give_statistics(&ref);
        rig_give_statistics(&one);
        run(&ref);
        run(&one);
        is_good = rigs_agree(&ref, &one) && is_good;
    }
    if (is_good && !strcmp(c->op, "conv"))
        is_good = changed_weights_are_seen(&ref, &one);
    rig_release(&ref);
    rig_release(&one);
    rig_release(&two);
    return is_good;
}

/** Exit code of the child: 0 good, 1 not, 2 not in this build or machine. */
static int check_all(const target_t *t)
{
    pt_kernel_t oracle, kernel;
    if (pt_kernel_init(&oracle, PT_BACKEND_REF, PT_ISA_NATIVE, 1) != PT_OK)
        return 1;
    pt_status_t status = pt_kernel_init(&kernel, t->backend, t->isa, t->threads);
    if (status != PT_OK) {
        print_message("  %s\n", pt_error_message());
        return status == PT_E_MISSING ? 2 : 1;
    }
    int code = 0;
    for (int32_t i = 0; i < N_ALL; i++) {
        char text[160];
        bool has_threads =
            !strcmp(case_at(i)->op, "conv") || !strcmp(case_at(i)->op, "linear");
        if (t->threads > 1 && !has_threads)
            continue;
        if (check_case(&oracle, &kernel, case_at(i)))
            continue;
        print_error("  ... in %s\n", case_text(case_at(i), text));
        code = 1;
    }
    pt_kernel_release(&kernel);
    pt_kernel_release(&oracle);
    if (pt_memory_bytes() != 0) {
        print_error("  %zu bytes were not freed\n", pt_memory_bytes());
        code = 1;
    }
    return code;
}

static void backend_agrees_with_ref(void **state)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int code = check_all(*state);
        fflush(NULL);
        _exit(code);
    }
    int code = 0;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    if (WEXITSTATUS(code) == 2) {
        print_message("not on this machine, or not in the build\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(code), 0);
}

/** Convolutions and matrix products aside, which libraries do. */
static void own_code_gives_the_same_bits_on_every_isa(void **state)
{
    (void)state;
    pt_kernel_t generic, other;
    if (pt_kernel_init(&generic, PT_BACKEND_BLAS, PT_ISA_GENERIC, 1) != PT_OK) {
        print_message("no backend blas in the build\n");
        skip();
    }
    for (pt_isa_t isa = PT_ISA_AVX2; isa <= PT_ISA_AVX512; isa++) {
        if (pt_kernel_init(&other, PT_BACKEND_BLAS, isa, 1) != PT_OK)
            continue;
        for (int32_t i = 0; i < N_ALL; i++) {
            const pt_case_t *c = case_at(i);
            bool is_depthwise =
                c->attr.groups == c->in[0].c && c->attr.groups == c->attr.channels;
            if (!strcmp(c->op, "linear") || (!strcmp(c->op, "conv") && !is_depthwise))
                continue;
            rig_t a, b;
            char text[160];
            assert_int_equal(rig_init(&a, &generic, c), PT_OK);
            assert_int_equal(rig_init(&b, &other, c), PT_OK);
            run(&a);
            run(&b);
            if (!same_bits(&a, &b))
                fail_msg("%s: %s and generic differ", case_text(c, text), pt_isa_name(isa));
            rig_release(&a);
            rig_release(&b);
        }
        pt_kernel_release(&other);
    }
    pt_kernel_release(&generic);
}

/* Also where the number of a block passes 32 bits, and at rates that are no power of two.
 */
static void the_same_elements_are_dropped_everywhere(void **state)
{
    enum { N = 1003 }; /* no multiple of a vector */
    static const double rates[] = {0, 0.1, 0.5, 0.987654321, 1 - 0x1p-34};
    static const uint64_t indices[] = {0, 77, UINT32_MAX - 40, UINT64_MAX / 3};
    const pt_rng_t rng = {
        .seed = 0xfedcba9876543210, .purpose = PT_RNG_DROPOUT, .phase = 3, .step = 9};
    static float x[N], want[N], got[N];
    pt_kernel_t ref, other;
    (void)state;
    assert_int_equal(pt_kernel_init(&ref, PT_BACKEND_REF, PT_ISA_NATIVE, 1), PT_OK);
    for (int i = 0; i < N; i++)
        x[i] = (float)(i - N / 2) / 7;
    for (pt_isa_t isa = PT_ISA_GENERIC; isa <= PT_ISA_AVX512; isa++) {
        if (pt_kernel_init(&other, PT_BACKEND_BLAS, isa, 1) != PT_OK)
            continue;
        for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
            for (size_t k = 0; k < sizeof indices / sizeof *indices; k++) {
                ref.drop(N, &rng, indices[k], rates[r], x, want);
                memcpy(got, x, sizeof got);
                other.drop(N, &rng, indices[k], rates[r], got, got);
                if (memcmp(want, got, sizeof got) != 0)
                    fail_msg("rate %g on %s: not what ref drops", rates[r],
                             pt_isa_name(isa));
            }
        pt_kernel_release(&other);
    }
    pt_kernel_release(&ref);
}

enum { N_TARGET = 8 };

int main(void)
{
    static target_t target[N_TARGET];
    static char name[N_TARGET][64];
    struct CMUnitTest tests[N_TARGET + 2];
    int32_t n = 0;
    for (pt_backend_t b = PT_BACKEND_BLAS; b <= PT_BACKEND_ONEDNN; b++) {
        for (pt_isa_t isa = PT_ISA_GENERIC; isa <= PT_ISA_AVX512; isa++)
            target[n++] = (target_t){b, isa, 1};
        target[n++] = (target_t){b, PT_ISA_NATIVE, 2};
    }
    for (int32_t i = 0; i < n; i++) {
        snprintf(name[i], sizeof name[i], "%s on %s, %d threads, agrees with ref",
                 pt_backend_name(target[i].backend), pt_isa_name(target[i].isa),
                 (int)target[i].threads);
        tests[i] = (struct CMUnitTest){.name = name[i],
                                       .test_func = backend_agrees_with_ref,
                                       .initial_state = &target[i]};
    }
    tests[n] =
        (struct CMUnitTest)cmocka_unit_test(own_code_gives_the_same_bits_on_every_isa);
    tests[n + 1] =
        (struct CMUnitTest)cmocka_unit_test(the_same_elements_are_dropped_everywhere);
    return cmocka_run_group_tests_name("backends", tests, NULL, NULL);
}
