/** @file
 * The network found, for other programs (PT_FILE_ARCHITECTURE).
 *
 * The file holds the space (nodes with shapes, candidates with operations and
 * the names of their tensors) and for each task the choices in use (branch: the copy of
 * each layer), so that together with the tensors of a checkpoint the network can be rebuilt
 * elsewhere.  Of a branch space it also says what the layers are (block, stride, cost) and
 * which tasks run them together.
 */
#ifndef PT_RECORD_ARCHITECTURE_H
#define PT_RECORD_ARCHITECTURE_H

#include "polytree/arch/alpha.h"
#include "polytree/base/status.h"
#include "polytree/config/config.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"
#include "polytree/io/dataset.h"

/**
 * Write space and subnet (branch: a hard one) as JSON, replacing `path` at once.  Not
 * collective.
 *
 * @param[in] alpha    of this space, adds each choice's p; NULL: no probabilities
 * @param[in] dataset  adds the units of inputs and labels that have some; NULL: none
 */
PT_MUST_CHECK pt_status_t pt_architecture_write(const pt_space_t *space,
                                                const pt_subnet_t *subnet,
                                                const pt_alpha_t *alpha,
                                                const pt_dataset_t *dataset,
                                                const char *path);

/**
 * Build the space that a file was written of, without kernels, and read the choices of
 * every task, gates 1.  Input and tasks are those of the file, all else is as in the run's
 * `config`.  Not collective.
 *
 * @param[out] space, subnet  to be freed and released; set on success only
 * @return PT_E_FORMAT where the file is not such a file, PT_E_MISMATCH where it names a
 *         choice that the space has not
 */
PT_MUST_CHECK pt_status_t pt_architecture_open(const pt_config_t *config, const char *path,
                                               pt_space_t **space, pt_subnet_t *subnet);

#endif
