/** @file
 * The network found, for other programs (PT_FILE_ARCHITECTURE).
 *
 * The file holds the space (nodes with shapes, candidates with operations and
 * the names of their tensors) and for each task the choices in use (branch: the copy of
 * each layer), so that together with the tensors of a checkpoint the network can be rebuilt
 * elsewhere; what goes in and comes out, in which units, and whose batch-norm statistics
 * serve which task.  Of a branch space it also says what the layers are (block, stride,
 * cost) and which tasks run them together.
 */
#ifndef PT_RECORD_ARCHITECTURE_H
#define PT_RECORD_ARCHITECTURE_H

#include "polytree/arch/alpha.h"
#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"
#include "polytree/record/interface.h"

/** A network that a file describes. */
typedef struct pt_architecture {
    pt_space_t *space;
    pt_subnet_t subnet;       /**< the choices of every task, gates 1 */
    pt_interface_t interface; /**< n_task is 0 where the file is of version 1 */
} pt_architecture_t;

/**
 * Add space and subnet (branch: a hard one) to `out` as JSON.  Not collective.
 *
 * @param[in] alpha      of this space, adds each choice's p; NULL: no probabilities
 * @param[in] interface  adds what goes in and comes out, and whose statistics serve whom;
 *                       NULL: left out
 */
PT_MUST_CHECK pt_status_t pt_architecture_text(const pt_space_t *space,
                                               const pt_subnet_t *subnet,
                                               const pt_alpha_t *alpha,
                                               const pt_interface_t *interface,
                                               pt_text_t *out);
/** The same into a file, replacing `path` at once. */
PT_MUST_CHECK pt_status_t pt_architecture_write(const pt_space_t *space,
                                                const pt_subnet_t *subnet,
                                                const pt_alpha_t *alpha,
                                                const pt_interface_t *interface,
                                                const char *path);

/**
 * Build the network of a file's text.  Input and tasks are those of the file, all else is
 * as in the run's `config`.  Not collective.
 *
 * @param[in]  path    of the file, for messages
 * @param[in]  kernel  borrowed by the space; NULL: it cannot run
 * @param[out] out     set on success only; release with pt_architecture_release()
 * @return PT_E_FORMAT where it is not of such a file, PT_E_MISMATCH where it names a choice
 *         that the space has not
 */
PT_MUST_CHECK pt_status_t pt_architecture_read(const pt_config_t *config, const char *path,
                                               const char *text, size_t bytes,
                                               const pt_kernel_t *kernel,
                                               pt_architecture_t *out);
/** The same of a file, without kernels. */
PT_MUST_CHECK pt_status_t pt_architecture_open(const pt_config_t *config, const char *path,
                                               pt_architecture_t *out);
void pt_architecture_release(pt_architecture_t *architecture);

#endif
