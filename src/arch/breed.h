/** @file
 * What candidates do in their own way for each kind of space.
 */
#ifndef ARCH_BREED_H
#define ARCH_BREED_H

#include "arch/merge.h"
#include "polytree/arch/breed.h"

/** Random numbers one after the other. */
typedef struct breed_dice {
    pt_rng_t key;
    uint64_t n;
} breed_dice_t;

static inline double dice_uniform(breed_dice_t *d)
{
    return pt_rng_uniform(&d->key, d->n++);
}

/** 0 .. n - 1 */
static inline int32_t dice_below(breed_dice_t *d, int32_t n)
{
    int32_t i = (int32_t)(dice_uniform(d) * n);
    return i < n ? i : n - 1;
}

typedef struct breeding {
    double (*cost)(pt_breeder_t *b, const pt_subnet_t *subnet);
    bool (*accept)(pt_breeder_t *b, pt_subnet_t *subnet);
    void (*one)(pt_breeder_t *b, pt_subnet_t *subnet);
    bool (*apart)(pt_breeder_t *b, pt_subnet_t *subnet);
    void (*draw)(pt_breeder_t *b, breed_dice_t *dice, double most, bool is_one,
                 pt_subnet_t *subnet);
    /** One move; false: none was found, `subnet` may be anything. */
    bool (*move)(pt_breeder_t *b, breed_dice_t *dice, pt_subnet_t *subnet);
} breeding_t;

extern const breeding_t breeding_dag, breeding_branch;

struct pt_breeder {
    const breeding_t *kind;
    const pt_resource_model_t *model;
    const pt_space_t *space; /**< the model's */
    pt_subnet_t trial;
    /* dag */
    int32_t most_edges; /**< of a task */
    uint64_t lengths;   /**< bit d: a connection of d edges will do */
    int32_t *n_user;    /**< [n_choice] tasks that have it */
    double cost;        /**< of the subnet at work, whose users these are */
    /* branch */
    merger_t merger;
    int32_t *before; /**< [n_layer][n_task] copies to go back to */
};

#endif
