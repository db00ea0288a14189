/** @file
 * Weights files: trained tensors by name, from elsewhere or from another run.
 *
 * HDF5 with root attributes `format = "polytree weights"` and `version = 1`.  Every array
 * of floating-point numbers is a tensor, stored without compression; its name is its path
 * without the slash in front, as in "l03.2.conv.weight" (which tensors that feeds:
 * polytree/graph/weights_match.h).  All else in the file is left alone.  A run's checkpoint
 * is a weights file too: of the tensors of its network.
 */
#ifndef PT_IO_WEIGHTS_H
#define PT_IO_WEIGHTS_H

#include "polytree/base/status.h"
#include "polytree/io/checkpoint.h"

/**
 * Read all tensors of a weights file as PT_DTYPE_F32, whatever their width there.  Numbers
 * that are not finite in single precision are refused.  Not collective.
 *
 * @param[out] weights  set on success only: records by name, and their digest; release with
 *                      pt_checkpoint_release()
 */
PT_MUST_CHECK pt_status_t pt_weights_read(const char *path, pt_checkpoint_t *weights);

#endif
