/* Names of the phases of a run. */
#include "polytree/config/phase.h"

#include <string.h>

static const char *const phase_name[] = {
    [PT_PHASE_WARMUP] = "warmup",
    [PT_PHASE_SEARCH] = "search",
    [PT_PHASE_RETRAIN] = "retrain",
    [PT_N_PHASE] = "done",
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
