/** @file
 * The number type of activations and weights: float, or double in the build that
 * checks gradients against finite differences (PT_REAL64).
 */
#ifndef PT_BASE_REAL_H
#define PT_BASE_REAL_H

#ifdef PT_REAL64
typedef double pt_real_t;
#else
typedef float pt_real_t;
#endif

#endif
