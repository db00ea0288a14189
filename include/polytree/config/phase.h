/** @file
 * The phases of a run, which are sections of its config.
 */
#ifndef PT_CONFIG_PHASE_H
#define PT_CONFIG_PHASE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum pt_phase {
    PT_PHASE_WARMUP,
    PT_PHASE_SEARCH,
    PT_PHASE_CHOOSE, /**< candidates are judged */
    PT_PHASE_RETRAIN,
    PT_N_PHASE
} pt_phase_t;

/** Numbers from this one on are of random numbers alone: each training of a candidate in
 * PT_PHASE_CHOOSE has its own. */
enum { PT_PHASE_TRAININGS = 32, PT_N_PHASE_NUMBER = 64 };

/** "warmup", "search", "choose", "retrain"; "done" for PT_N_PHASE. */
const char *pt_phase_name(pt_phase_t phase);

/** The phase of that name, "done" among them; false where there is none. */
bool pt_phase_find(const char *name, pt_phase_t *phase);

/** The number by which random numbers and checkpoints know a phase, or PT_N_PHASE: it stays
 * whatever phases come in between. */
int32_t pt_phase_number(pt_phase_t phase);

/** The phase of that number, also that of a training; false where there is none. */
bool pt_phase_of_number(int64_t number, pt_phase_t *phase);

#endif
