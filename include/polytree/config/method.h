/** @file
 * How the network of a run comes about: a row for each method, with what the rest of the
 * program asks of it.
 */
#ifndef PT_CONFIG_METHOD_H
#define PT_CONFIG_METHOD_H

#include <stdbool.h>

/** Code, the option's word, and what it is; the order is that of a sweep's rows, where
 * searches come first, since the others ask what they have found. */
#define PT_METHOD_LIST(X)                                                                  \
    X(SEARCH, "search", .column = "found", .colour = "#1f77b4", .is_learned = true)        \
    X(REBUILT, "rebuilt", .column = "rebuilt", .colour = "#17becf", .matches_cost = true,  \
      .is_rebuilt = true)                                                                  \
    X(SHARED, "shared", .column = "shared", .colour = "#d62728", .is_fixed = true,         \
      .is_chain = true, .is_scaled = true, .matches_cost = true)                           \
    X(SINGLE, "single", .column = "single", .colour = "#2ca02c", .is_fixed = true,         \
      .is_chain = true, .is_scaled = true, .matches_cost = true, .is_by_task = true)       \
    X(RANDOM, "random", .column = "random", .colour = "#ff7f0e", .matches_cost = true,     \
      .is_drawn = true)                                                                    \
    X(ONE_GRAPH, "one_graph", .column = "one", .colour = "#8c564b", .matches_cost = true,  \
      .is_drawn = true, .is_one = true, .is_of_dag = true)                                 \
    X(FULL, "full", .column = "full", .colour = "#9467bd", .is_fixed = true,               \
      .is_of_branch = true, .is_full = true, .is_scaled = true, .matches_cost = true)      \
    X(LINEAR, "linear", .column = "linear", .colour = "#bcbd22", .is_fixed = true,         \
      .is_linear = true)                                                                   \
    X(EXHAUSTIVE, "exhaustive", .column = "branches", .colour = "#999999",                 \
      .is_fixed = true, .is_of_branch = true, .is_numbered = true)                         \
    X(EXTENDED, "extended", .column = "extended", .colour = "#7f7f7f", .is_extended = true)

typedef enum pt_method {
#define PT_METHOD_ENUM(code, ...) PT_METHOD_##code,
    PT_METHOD_LIST(PT_METHOD_ENUM)
#undef PT_METHOD_ENUM
        PT_N_METHOD
} pt_method_t;

typedef struct pt_method_info {
    const char *name;
    const char *column; /**< heads the run's own column in a report */
    const char *colour; /**< in pictures */
    bool is_learned;    /**< architecture parameters are trained */
    bool is_rebuilt;    /**< the network that another run has found, from scratch */
    bool is_extended;   /**< new tasks' heads on the network that another run has trained */
    bool is_drawn;      /**< several networks, drawn at random from a trained supernet */
    bool is_one;        /**< ... one graph for all tasks */
    bool is_fixed;      /**< known beforehand, so that it is trained in one phase */
    bool is_chain;      /**< one layer after the other, nothing to choose */
    bool is_linear;     /**< heads that read the features, fitted in one step */
    bool is_by_task;    /**< nothing is shared: what Delta_m is held against */
    bool is_of_branch;  /**< needs space.kind = branch */
    bool is_of_dag;     /**< needs space.kind = dag */
    bool is_full;       /**< every task its own copy of every layer */
    bool is_numbered;   /**< the branching numbered baseline.branching */
    bool is_scaled;     /**< it can be as wide or narrow as a cost asks for */
    bool matches_cost;  /**< is to cost as much as the network of baseline.cost_of */
} pt_method_info_t;

extern const pt_method_info_t pt_methods[PT_N_METHOD];

#endif
