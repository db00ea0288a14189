/* The schedule of a chain of stages against closed forms. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "polytree/train/predict.h"

enum { MOST_STAGES = 6, MOST_SEGMENTS = 40 };

static pt_section_t section[MOST_STAGES][2][MOST_SEGMENTS];

/** Seconds of n segments on stages whose sections take `forward` and `backward`. */
static double chain(int32_t n_stage, int32_t n, const double *forward,
                    const double *backward, int64_t bytes, pt_wire_t wire,
                    const pt_machine_t *machine)
{
    pt_share_t share[MOST_STAGES] = {{0}};
    double seconds;

    for (int32_t s = 0; s < n_stage; s++) {
        for (int32_t g = 0; g < n; g++) {
            section[s][0][g] = (pt_section_t){forward[s], bytes};
            section[s][1][g] = (pt_section_t){backward[s], bytes};
        }
        share[s].n_segment = n;
        share[s].forward = section[s][0];
        share[s].backward = section[s][1];
    }
    assert_int_equal(pt_predict_chain(share, n_stage, machine, wire, &seconds), PT_OK);
    return seconds;
}

/* n equal segments on S equal stages take the time of n + S - 1 on one, whatever backward
 * takes against forward (Narayanan et al. 2019; Huang et al. 2019). */
static void equal_stages_have_the_known_bubble(void **state)
{
    double forward[MOST_STAGES], backward[MOST_STAGES];
    pt_machine_t machine;
    (void)state;
    pt_machine_init(&machine);
    for (int32_t s = 0; s < MOST_STAGES; s++) {
        forward[s] = 3;
        backward[s] = 5;
    }
    for (int32_t n_stage = 1; n_stage <= MOST_STAGES; n_stage++)
        for (int32_t n = 1; n <= MOST_SEGMENTS; n++)
            assert_true(
                fabs(chain(n_stage, n, forward, backward, 0, PT_WIRE_NODE, &machine) -
                     8.0 * (n + n_stage - 1)) < 1e-9);
}

/* Of unequal stages the slowest sets the pace: n segments on it, and once there and back
 * through those before it; those behind are done while it has others to run. */
static void the_slowest_stage_sets_the_pace(void **state)
{
    const double forward[] = {1, 1, 4, 1}, backward[] = {2, 2, 6, 2};
    pt_machine_t machine;
    (void)state;
    pt_machine_init(&machine);
    for (int32_t n = 8; n <= MOST_SEGMENTS; n++)
        assert_true(fabs(chain(4, n, forward, backward, 0, PT_WIRE_NODE, &machine) -
                         (10.0 * n + 6)) < 1e-9);
}

/* A message between nodes comes later by latency and bytes over bandwidth, there and back;
 * within a node by latency alone. */
static void messages_take_their_time(void **state)
{
    const double one[] = {1, 1};
    pt_machine_t machine = {.rates = {1, 1, {0.125, 0.25}, {9, 8}}};
    (void)state;
    assert_true(fabs(chain(2, 1, one, one, 4, PT_WIRE_NETWORK, &machine) - 5.5) < 1e-9);
    assert_true(fabs(chain(2, 1, one, one, 4, PT_WIRE_NODE, &machine) - 4.25) < 1e-9);
    assert_true(fabs(chain(2, 1, one, one, 0, PT_WIRE_NETWORK, &machine) - 4) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_stages_have_the_known_bubble),
        cmocka_unit_test(the_slowest_stage_sets_the_pace),
        cmocka_unit_test(messages_take_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
