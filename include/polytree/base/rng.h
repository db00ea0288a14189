/** @file
 * Counter-based randomness (Philox4x32-10, Salmon et al. 2011) and stateless
 * permutations.
 *
 * A number depends on its key alone, never on what was drawn before: there is no
 * state to keep, send or checkpoint (docs/architecture.md, rule 5).
 */
#ifndef PT_BASE_RNG_H
#define PT_BASE_RNG_H

#include <stdint.h>

typedef enum pt_rng_purpose {
    PT_RNG_INIT,    /**< initial weights */
    PT_RNG_SPLIT,   /**< parts of the data */
    PT_RNG_SHUFFLE, /**< order of samples */
    PT_RNG_BUNDLE,  /**< order of bundles */
    PT_RNG_GATE,    /**< Gumbel noise of gates */
    PT_RNG_AUGMENT,
    PT_RNG_DROPOUT,
    PT_RNG_DERIVE,    /**< random reduction */
    PT_RNG_DRAW,      /**< drawn and paired data sets */
    PT_RNG_ELASTIC,   /**< bends of images */
    PT_RNG_CHOOSE,    /**< candidates */
    PT_RNG_WEIGHTING, /**< weights of tasks */
    PT_RNG_CUTOUT     /**< holes in images */
} pt_rng_purpose_t;

/** What a number is for; with an index it names one block of four words. */
typedef struct pt_rng {
    uint64_t seed;
    pt_rng_purpose_t purpose;
    uint8_t phase; /**< search phase */
    uint16_t task; /**< task or bundle */
    uint32_t step; /**< step, epoch or round */
} pt_rng_t;

/** Four 32-bit words of key `rng` at `index`. */
void pt_rng_words(const pt_rng_t *rng, uint64_t index, uint32_t out[4]);

/** Four doubles in (0, 1), open at both ends, 32 bits each. */
void pt_rng_uniform4(const pt_rng_t *rng, uint64_t index, double out[4]);

/** One double in (0, 1), open at both ends, 53 bits. */
double pt_rng_uniform(const pt_rng_t *rng, uint64_t index);

/** One standard normal double (Box-Muller). */
double pt_rng_normal(const pt_rng_t *rng, uint64_t index);

#define PT_PERMUTATION_ROUNDS 8

/** A pseudo-random permutation of 0..n-1: a Feistel network with cycle walking. */
typedef struct pt_permutation {
    uint32_t key[PT_PERMUTATION_ROUNDS];
    int64_t n;
    int half; /**< bits of one half, at least 2: smaller domains have too few networks */
} pt_permutation_t;

/** The one of 0..n-1 that is named by `rng` ... */
pt_permutation_t pt_permutation(const pt_rng_t *rng, int64_t n);
/** ... where it sends position i ... */
int64_t pt_permutation_at(const pt_permutation_t *permutation, int64_t i);
/** ... and the same at once. */
int64_t pt_permute(const pt_rng_t *rng, int64_t n, int64_t i);

#endif
