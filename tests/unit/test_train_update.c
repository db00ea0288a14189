/* Optimisers against PyTorch (tests/golden/update.py), and what the numerics contract asks
 * of them. */
#include "polytree/train/update.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define N 7
#define N_STEP 5

typedef struct pt_case {
    pt_update_t update;
    double weight[N_STEP + 1][N];
} pt_case_t;

/* Next case of the golden file; 0 at its end. */
static int read_case(FILE *file, pt_case_t *out)
{
    char name[16];
    double nesterov;
    pt_update_t *u = &out->update;
    if (fscanf(file, "%15s", name) != 1)
        return 0;
    *u = (pt_update_t){.optimizer = strcmp(name, "adam") == 0 ? PT_OPTIMIZER_ADAM
                                                              : PT_OPTIMIZER_SGD};
    assert_int_equal(fscanf(file, "%lf%lf%lf%lf%lf%lf%lf", &u->lr, &u->momentum, &nesterov,
                            &u->beta1, &u->beta2, &u->epsilon, &u->decay),
                     7);
    u->nesterov = nesterov != 0;
    for (int s = 0; s <= N_STEP; s++)
        for (int i = 0; i < N; i++)
            assert_int_equal(fscanf(file, "%lf", &out->weight[s][i]), 1);
    return 1;
}

static double gradient(int step, int i, double w)
{
    return 0.5 * w + cos(3.0 * i + step);
}

static void run_case(const pt_case_t *c)
{
    double w[N], m[N] = {0}, v[N] = {0}, g[N];
    float wf[N], mf[N] = {0}, vf[N] = {0}, gf[N];
    for (int i = 0; i < N; i++) {
        w[i] = c->weight[0][i];
        wf[i] = (float)w[i];
    }
    pt_update_t update = c->update;
    for (int s = 0; s < N_STEP; s++) {
        for (int i = 0; i < N; i++) {
            g[i] = gradient(s, i, w[i]);
            gf[i] = (float)gradient(s, i, (double)wf[i]);
        }
        update.count = s + 1;
        pt_update_f64(&update, N, g, w, m, v);
        pt_update_f32(&update, N, gf, wf, mf, vf);
        for (int i = 0; i < N; i++) {
            /* A few roundings a step, of weights below 1. */
            assert_true(fabs(w[i] - c->weight[s + 1][i]) < 1e-14);
            assert_true(fabs((double)wf[i] - c->weight[s + 1][i]) < 2e-6);
        }
    }
}

static void steps_equal_pytorch(void **state)
{
    (void)state;
    FILE *file = fopen("tests/golden/update.txt", "r");
    assert_non_null(file);
    pt_case_t c;
    int n_case = 0;
    for (; read_case(file, &c); n_case++)
        run_case(&c);
    fclose(file);
    assert_int_equal(n_case, 6);
}

/* Sharding: an update of pieces at any offset gives the bits of one update of the whole. */
static void pieces_equal_the_whole(void **state)
{
    (void)state;
    enum { COUNT = 103 };
    const pt_optimizer_t kinds[] = {PT_OPTIMIZER_SGD, PT_OPTIMIZER_ADAM};
    for (int k = 0; k < 2; k++) {
        pt_update_t update = {.optimizer = kinds[k],
                              .lr = 0.03,
                              .momentum = 0.9,
                              .beta1 = 0.9,
                              .beta2 = 0.99,
                              .epsilon = 1e-8,
                              .decay = 1e-3,
                              .nesterov = true,
                              .count = 3};
        float g[COUNT], w[2][COUNT], m[2][COUNT], v[2][COUNT];
        for (int i = 0; i < COUNT; i++) {
            g[i] = (float)sin(i);
            w[0][i] = w[1][i] = (float)cos(7 * i);
            m[0][i] = m[1][i] = (float)sin(5 * i);
            v[0][i] = v[1][i] = (float)fabs(sin(3 * i));
        }
        pt_update_f32(&update, COUNT, g, w[0], m[0], v[0]);
        for (int first = 0, n = 1; first < COUNT; first += n, n += 3) {
            int len = n < COUNT - first ? n : COUNT - first;
            pt_update_f32(&update, len, g + first, w[1] + first, m[1] + first,
                          v[1] + first);
        }
        assert_memory_equal(w[0], w[1], sizeof w[0]);
        assert_memory_equal(m[0], m[1], sizeof m[0]);
        assert_memory_equal(v[0], v[1], sizeof v[0]);
    }
}

/* The zero padding of a block stays zero. */
static void padding_stays_zero(void **state)
{
    (void)state;
    const pt_optimizer_t kinds[] = {PT_OPTIMIZER_SGD, PT_OPTIMIZER_ADAM};
    for (int k = 0; k < 2; k++) {
        pt_update_config_t config = {.optimizer = kinds[k],
                                     .momentum = 0.9,
                                     .beta1 = 0.9,
                                     .beta2 = 0.999,
                                     .epsilon = 1e-8,
                                     .decay = 1e-2};
        pt_update_t update = pt_update_make(&config, 0.1);
        assert_int_equal(update.count, 1);
        float g[9] = {0}, w[9] = {0}, m[9] = {0}, v[9] = {0};
        pt_update_f32(&update, 9, g, w, m, v);
        for (int i = 0; i < 9; i++)
            assert_true(w[i] == 0 && m[i] == 0 && v[i] == 0);
    }
}

/* The mean of the first 1 / fresh weights, whatever stood there before, then 1 - fresh of
 * what there was; of each element by itself. */
static void averages_follow_the_weights(void **state)
{
    enum { ELEMENTS = 5, STEPS = 12 };
    (void)state;
    pt_update_t update = {.fresh = 0.25};
    float w[ELEMENTS], average[ELEMENTS] = {7, -7, 1e30F, 0, 3};
    double sum[ELEMENTS] = {0}, expected[ELEMENTS];
    for (update.count = 1; update.count <= STEPS; update.count++) {
        for (int i = 0; i < ELEMENTS; i++) {
            w[i] = (float)sin((double)update.count * (i + 1));
            sum[i] += (double)w[i];
            expected[i] = update.count <= 4 ? sum[i] / (double)update.count
                                            : 0.75 * expected[i] + 0.25 * (double)w[i];
        }
        pt_update_average(&update, ELEMENTS, w, average);
        for (int i = 0; i < ELEMENTS; i++)
            assert_true(fabs((double)average[i] - expected[i]) < 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_equal_pytorch),
        cmocka_unit_test(pieces_equal_the_whole),
        cmocka_unit_test(padding_stays_zero),
        cmocka_unit_test(averages_follow_the_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
