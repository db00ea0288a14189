/* Names of the phases of a run. */
#include "polytree/config/phase.h"

#include <string.h>

static const char *const phase_name[] = {
    [PT_PHASE_WARMUP] = "warmup", [PT_PHASE_SEARCH] = "search",
    [PT_PHASE_CHOOSE] = "choose", [PT_PHASE_RETRAIN] = "retrain",
    [PT_N_PHASE] = "done",
};

/* In the order in which they were thought of. */
static const int32_t phase_number[] = {
    [PT_PHASE_WARMUP] = 0,  [PT_PHASE_SEARCH] = 1, [PT_PHASE_CHOOSE] = 4,
    [PT_PHASE_RETRAIN] = 2, [PT_N_PHASE] = 3,
};

_Static_assert(sizeof phase_name / sizeof phase_name[0] == PT_N_PHASE + 1,
               "a name for each phase, and for the end");

const char *pt_phase_name(pt_phase_t phase)
{
    return phase_name[phase];
}

bool pt_phase_find(const char *name, pt_phase_t *phase)
{
    for (int i = 0; i <= PT_N_PHASE; i++)
        if (strcmp(name, phase_name[i]) == 0) {
            *phase = (pt_phase_t)i;
            return true;
        }
    return false;
}

int32_t pt_phase_number(pt_phase_t phase)
{
    return phase_number[phase];
}

bool pt_phase_of_number(int64_t number, pt_phase_t *phase)
{
    for (int i = 0; i <= PT_N_PHASE; i++)
        if (number == phase_number[i]) {
            *phase = (pt_phase_t)i;
            return true;
        }
    *phase = PT_PHASE_CHOOSE;
    return number >= PT_PHASE_TRAININGS && number < PT_N_PHASE_NUMBER;
}
