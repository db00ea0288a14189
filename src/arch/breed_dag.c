/* Candidates of a dag: graphs of few edges, each piece on a connection. */
#include "arch/breed.h"

#include <math.h>
#include <string.h>

#include "arch/resource.h"
#include "polytree/arch/connect.h"
#include "polytree/base/bitset.h"

enum { NONE = -1 };

static double price(const pt_breeder_t *b, int32_t choice, int32_t n_user)
{
    return b->model->choice[choice] * (b->model->is_union ? n_user > 0 : n_user);
}

/* Begin to work on a subnet: its users and its cost. */
static void count_users(pt_breeder_t *b, const pt_subnet_t *subnet)
{
    b->cost = b->model->fixed;
    for (int32_t c = 0; c < subnet->n_choice; c++) {
        b->n_user[c] = 0;
        for (int32_t k = 0; k < subnet->n_task; k++)
            b->n_user[c] += pt_bitset_get(pt_subnet_bits(subnet, k), c);
        b->cost += price(b, c, b->n_user[c]);
    }
}

static double cost(pt_breeder_t *b, const pt_subnet_t *subnet)
{
    count_users(b, subnet);
    return b->cost;
}

/* Give a task of the subnet at work other pieces. */
static void set_bits(pt_breeder_t *b, pt_subnet_t *subnet, int32_t task,
                     const uint64_t *bits)
{
    uint64_t *old = pt_subnet_bits(subnet, task);
    for (int32_t c = 0; c < subnet->n_choice; c++) {
        int32_t change = pt_bitset_get(bits, c) - pt_bitset_get(old, c);
        b->cost += price(b, c, b->n_user[c] + change) - price(b, c, b->n_user[c]);
        b->n_user[c] += change;
    }
    memcpy(old, bits, subnet->words * sizeof *bits);
    pt_subnet_harden(subnet, task);
}

static void get_bits(const pt_subnet_t *subnet, int32_t task, uint64_t *bits)
{
    memset(bits, 0, PT_DAG_MAX_WORD * sizeof *bits);
    memcpy(bits, pt_subnet_bits(subnet, task), subnet->words * sizeof *bits);
}

static int32_t count_edges(const pt_breeder_t *b, const uint64_t *bits)
{
    int32_t n = 0;
    for (int32_t c = 0; c < b->space->n_choice; c++)
        n += b->space->choice[c].kind == PT_CHOICE_EDGE && pt_bitset_get(bits, c);
    return n;
}

/* Whether a connection is left that has few enough edges. */
static bool is_connected(const pt_breeder_t *b, const uint64_t *bits)
{
    return (pt_path_lengths(b->space, bits) & b->lengths) != 0;
}

static bool is_over(const pt_breeder_t *b, const pt_subnet_t *subnet, int32_t task)
{
    return count_edges(b, pt_subnet_bits(subnet, task)) > b->most_edges;
}

/* Of the subnet at work. */
static bool is_candidate(const pt_breeder_t *b, const pt_subnet_t *subnet)
{
    for (int32_t k = 0; k < subnet->n_task; k++)
        if (is_over(b, subnet, k) || !is_connected(b, pt_subnet_bits(subnet, k)))
            return false;
    return b->cost <= b->model->budget;
}

static bool accept(pt_breeder_t *b, pt_subnet_t *subnet)
{
    for (int32_t k = 0; k < subnet->n_task; k++) {
        pt_prune(b->space, pt_subnet_bits(subnet, k));
        pt_subnet_harden(subnet, k);
    }
    count_users(b, subnet);
    return is_candidate(b, subnet);
}

static void give_all(pt_breeder_t *b, const uint64_t *bits, pt_subnet_t *subnet)
{
    for (int32_t k = 0; k < subnet->n_task; k++) {
        memcpy(pt_subnet_bits(subnet, k), bits, subnet->words * sizeof *bits);
        pt_subnet_harden(subnet, k);
    }
    count_users(b, subnet);
}

static void one(pt_breeder_t *b, pt_subnet_t *subnet)
{
    uint64_t bits[PT_DAG_MAX_WORD] = {0};
    const pt_space_t *s = b->space;
    for (int32_t c = 0; c < s->n_choice; c++) {
        const pt_choice_t *choice = &s->choice[c];
        bool is_of_chain = choice->kind == PT_CHOICE_IN     ? choice->j == 1
                           : choice->kind == PT_CHOICE_EDGE ? choice->j == choice->i + 1
                                                            : choice->i == s->n_dag_node;
        pt_bitset_set(bits, c, is_of_chain);
    }
    give_all(b, bits, subnet);
    if (is_candidate(b, subnet))
        return;
    derive_find_cheapest(b->model, bits);
    give_all(b, bits, subnet);
}

static bool apart(pt_breeder_t *b, pt_subnet_t *subnet)
{
    (void)b, (void)subnet;
    return false;
}

/* Remove a piece, with what then hangs loose, where a connection is left without it. */
static void remove_piece(pt_breeder_t *b, pt_subnet_t *subnet, int32_t task, int32_t choice)
{
    uint64_t bits[PT_DAG_MAX_WORD];
    get_bits(subnet, task, bits);
    pt_bitset_set(bits, choice, false);
    if (!is_connected(b, bits))
        return;
    pt_prune(b->space, bits);
    set_bits(b, subnet, task, bits);
}

/* Remove pieces in random order until the subnet at work costs at most `most` and no task
 * has too many edges, or nothing more can go.  What is needed now will be needed later, so
 * that every piece is tried once.  `kept` stays; `is_one`: for all tasks alike. */
static void reduce(pt_breeder_t *b, const pt_rng_t *key, double most, bool is_one,
                   int32_t kept, pt_subnet_t *subnet)
{
    int32_t n_task = is_one ? 1 : subnet->n_task;
    int64_t n = (int64_t)n_task * subnet->n_choice;
    for (int64_t i = 0; i < n; i++) {
        int64_t piece = pt_permute(key, n, i);
        int32_t task = (int32_t)(piece / subnet->n_choice);
        int32_t choice = (int32_t)(piece % subnet->n_choice);
        if (choice == kept || !pt_bitset_get(pt_subnet_bits(subnet, task), choice) ||
            (b->cost <= most && !is_over(b, subnet, task)))
            continue;
        for (int32_t k = task; k < (is_one ? subnet->n_task : task + 1); k++)
            remove_piece(b, subnet, k, choice);
    }
}

static void draw(pt_breeder_t *b, breed_dice_t *dice, double most, bool is_one,
                 pt_subnet_t *subnet)
{
    uint64_t bits[PT_DAG_MAX_WORD] = {0};
    for (int32_t c = 0; c < b->space->n_choice; c++)
        pt_bitset_set(bits, c, true);
    pt_prune(b->space, bits);
    give_all(b, bits, subnet);
    reduce(b, &dice->key, most, is_one, NONE, subnet);
    if (is_candidate(b, subnet))
        return;
    derive_find_cheapest(b->model, bits);
    give_all(b, bits, subnet);
}

/* A connection that is cut is mended in a random other way. */
static void switch_off(pt_breeder_t *b, breed_dice_t *dice, pt_subnet_t *subnet,
                       int32_t task, int32_t choice)
{
    uint64_t bits[PT_DAG_MAX_WORD];
    double wish[PT_DAG_MAX_CHOICE];
    get_bits(subnet, task, bits);
    pt_bitset_set(bits, choice, false);
    for (int32_t c = 0; c < subnet->n_choice; c++)
        wish[c] = c == choice ? -1e6 : dice_uniform(dice) - 1;
    pt_repair(b->space, wish, bits);
    pt_prune(b->space, bits);
    set_bits(b, subnet, task, bits);
}

/* With a random connection through it, of pieces that are there already where it can be. */
static void switch_on(pt_breeder_t *b, breed_dice_t *dice, pt_subnet_t *subnet,
                      int32_t task, int32_t choice)
{
    uint64_t bits[PT_DAG_MAX_WORD], connection[PT_DAG_MAX_WORD] = {0};
    double wish[PT_DAG_MAX_CHOICE];
    get_bits(subnet, task, bits);
    for (int32_t c = 0; c < subnet->n_choice; c++)
        wish[c] = pt_bitset_get(bits, c) ? 0 : -dice_uniform(dice);
    wish[choice] = 1e6;
    pt_repair(b->space, wish, connection);
    for (size_t w = 0; w < subnet->words; w++)
        bits[w] |= connection[w];
    pt_prune(b->space, bits);
    set_bits(b, subnet, task, bits);
}

static bool move(pt_breeder_t *b, breed_dice_t *dice, pt_subnet_t *subnet)
{
    uint64_t bits[PT_DAG_MAX_WORD];
    int32_t task = dice_below(dice, subnet->n_task), kept = NONE;
    bool is_graph = dice_below(dice, 4) == 0, is_all = dice_below(dice, 3) == 0;
    int32_t choice = dice_below(dice, subnet->n_choice);
    pt_rng_t order = dice->key;
    count_users(b, subnet);
    get_bits(subnet, task, bits);
    if (is_graph) {
        get_bits(subnet, dice_below(dice, subnet->n_task), bits);
        set_bits(b, subnet, task, bits);
    }
    bool is_off = pt_bitset_get(bits, choice);
    for (int32_t k = 0; k < subnet->n_task && !is_graph; k++) {
        if (k != task && !is_all)
            continue;
        if (is_off)
            switch_off(b, dice, subnet, k, choice);
        else
            switch_on(b, dice, subnet, k, choice);
        kept = is_off ? NONE : choice;
    }
    /* Another order at each move. */
    order.task = (uint16_t)(1 + dice->n % UINT16_MAX);
    reduce(b, &order, b->model->budget, false, kept, subnet);
    return is_candidate(b, subnet);
}

const breeding_t breeding_dag = {
    .cost = cost,
    .accept = accept,
    .one = one,
    .apart = apart,
    .draw = draw,
    .move = move,
};
