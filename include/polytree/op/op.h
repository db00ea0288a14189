/** @file
 * An operation: what it computes, what it costs, and how it runs.
 *
 * One file per operation under src/op, one line in the registry.  The life of an
 * operation: fill op, kernel, attr and in; pt_op_prepare() finds the output shape,
 * the parameters, the sizes of memory, and makes the kernels; then forward and
 * backward run as often as wanted, without allocating, on memory the caller gives.
 *
 * Forward reads x (and param), writes y and `saved`.  Backward reads dy, `saved` and
 * what `needs` names, writes dx[i] and dparam[i] where they are not NULL; both are
 * overwritten, never added to.  All tensors are NHWC and contiguous.
 */
#ifndef PT_OP_OP_H
#define PT_OP_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polytree/base/real.h"
#include "polytree/base/rng.h"
#include "polytree/base/status.h"
#include "polytree/kernel/kernel.h"
#include "polytree/tensor/shape.h"
#include "polytree/tensor/store.h"

#define PT_OP_MAX_IN 2
#define PT_OP_MAX_PARAM 2

/** What backward reads besides dy and saved, and what the planner may do. */
enum {
    PT_OP_NEEDS_X = 1 << 0,    /**< backward reads x[] */
    PT_OP_NEEDS_Y = 1 << 1,    /**< backward reads y */
    PT_OP_IN_PLACE = 1 << 2,   /**< y may be the memory of x[0] */
    PT_OP_PASS_0 = 1 << 3,     /**< dx[0] is dy: the planner may alias them */
    PT_OP_PASS_1 = 1 << 4,     /**< dx[1] is dy */
    PT_OP_HAS_STAT = 1 << 5,   /**< batch norm: has statistics per channel */
    PT_OP_HAS_GATE = 1 << 6,   /**< reads a gate; backward may form its gradient */
    PT_OP_HAS_RANDOM = 1 << 7, /**< draws numbers in training */
    PT_OP_TRAIN_ONLY = 1 << 8  /**< identity outside training (dropout) */
};

typedef enum pt_act { PT_ACT_NONE, PT_ACT_RELU, PT_ACT_RELU6 } pt_act_t;

/** Attributes of all operations; each reads those it documents, zero = default. */
typedef struct pt_op_attr {
    int32_t channels; /**< outputs of conv and linear */
    int32_t kernel;   /**< square window */
    int32_t stride, dilation, groups;
    int32_t no_bias; /**< conv has no bias unless `bias` is asked for */
    int32_t bias;
    pt_act_t act; /**< activation fused behind a batch norm */
    int32_t no_affine;
    int32_t align_corners; /**< resize: corner pixels meet, not corners of the images */
    int64_t out_h, out_w;  /**< resize: pixels of y */
    double eps, rate;
} pt_op_attr_t;

typedef struct pt_op_param {
    const char *name;
    int64_t dim[4];
    int32_t n_dim;
    pt_role_t role;
    int64_t fan_in;
} pt_op_param_t;

typedef struct pt_op pt_op_t;

/** One operation with its shapes fixed: made once, run often. */
typedef struct pt_op_inst {
    const pt_op_t *op;
    const pt_kernel_t *kernel; /**< borrowed */
    pt_op_attr_t attr;
    int32_t n_in;
    pt_shape_t in[PT_OP_MAX_IN];
    pt_shape_t out;
    int32_t n_param;
    pt_op_param_t param[PT_OP_MAX_PARAM];
    size_t saved_bytes; /**< written by forward, read by backward */
    size_t work_bytes;  /**< scratch within one call */
    int64_t madds;      /**< multiply-adds per sample, forward */
    unsigned flags;     /**< those of the op; prepare may add (mix: PASS_1 with gate 1) */
    void *state;        /**< the op's kernels; freed by pt_op_release() */
} pt_op_inst_t;

typedef enum pt_mode {
    PT_MODE_TRAIN,     /**< microbatch statistics, dropout on */
    PT_MODE_CALIBRATE, /**< microbatch statistics, their sums collected, dropout off */
    PT_MODE_EVAL       /**< stored statistics, dropout off */
} pt_mode_t;

/** Everything one call reads and writes; unused pointers are NULL. */
typedef struct pt_op_args {
    const pt_real_t *x[PT_OP_MAX_IN];
    pt_real_t *y; /**< written by forward, read by backward where needed */
    const pt_real_t *dy;
    pt_real_t *dx[PT_OP_MAX_IN];
    const pt_real_t *param[PT_OP_MAX_PARAM];
    pt_real_t *dparam[PT_OP_MAX_PARAM];
    void *saved, *work;
    uint64_t param_version; /**< packed weights are kept while this stays; 0: never keep */
    pt_mode_t mode;
    pt_real_t gate;     /**< mix */
    double *dgate;      /**< mix backward: <dy, term>, overwritten */
    const double *stat; /**< batch norm, eval: mean[c], variance[c] */
    double *unit_stat;  /**< batch norm, calibrate: mean x [c], sum (x - mean)^2 [c] */
    pt_rng_t rng;       /**< dropout: key ... */
    uint64_t rng_index; /**< ... and index of the unit's first element, / 4 */
} pt_op_args_t;

struct pt_op {
    const char *name;
    unsigned flags;
    int32_t n_in_min, n_in_max;
    /** Check attributes and inputs; set out, params, madds, flags. */
    pt_status_t (*shape)(pt_op_inst_t *inst);
    /** Make kernels; set saved_bytes and work_bytes; NULL where none is needed. */
    pt_status_t (*prepare)(pt_op_inst_t *inst);
    void (*forward)(const pt_op_inst_t *inst, const pt_op_args_t *args);
    void (*backward)(const pt_op_inst_t *inst, const pt_op_args_t *args);
    void (*release)(pt_op_inst_t *inst); /**< NULL where there is no state */
    /** Which code runs, for the fingerprint; NULL where there is but one. */
    const char *(*kernel_name)(const pt_op_inst_t *inst);
};

/**
 * Fix an operation's shapes and make its kernels.
 *
 * @param[in]  name    registered name ("conv", "batch_norm", ...)
 * @param[in]  kernel  borrowed; NULL: shapes, parameters and cost only, it cannot run
 * @param[in]  attr    copied
 * @param[in]  in      n_in shapes
 * @param[out] inst    set on success only; pt_op_release() after use
 * @return PT_E_SHAPE or PT_E_RANGE naming the operation and what it expected
 */
PT_MUST_CHECK pt_status_t pt_op_prepare(const char *name, const pt_kernel_t *kernel,
                                        const pt_op_attr_t *attr, const pt_shape_t *in,
                                        int32_t n_in, pt_op_inst_t *inst);
void pt_op_release(pt_op_inst_t *inst);

/** Which code a prepared operation runs; NULL where there is no choice. */
const char *pt_op_kernel_name(const pt_op_inst_t *inst);

/** How far the windows of an operation reach over the sides of its input. */
typedef struct pt_op_pads {
    int64_t top, left, bottom, right;
} pt_op_pads_t;
/** False of an operation that has no windows: it is none of conv, pool_max, pool_avg. */
bool pt_op_pads(const pt_op_inst_t *inst, pt_op_pads_t *pads);

/** The registry: NULL-terminated. */
extern const pt_op_t *const pt_op_registry[];
const pt_op_t *pt_op_find(const char *name);

#endif
