/** @file
 * The tensors of a trained network as safetensors: a header of JSON, then their bytes.
 */
#ifndef PT_RECORD_SAFETENSORS_H
#define PT_RECORD_SAFETENSORS_H

#include "polytree/base/status.h"
#include "polytree/base/text.h"
#include "polytree/train/inference.h"

/**
 * Add to `out` what the network uses: its weights (F32) by their names in the
 * architecture's file, and its batch-norm statistics (F64, [2, channels]: mean, variance)
 * as "statistics/CANDIDATE.OP/TASK".  Not collective.
 */
PT_MUST_CHECK pt_status_t pt_safetensors_text(const pt_space_t *space,
                                              const pt_inference_t *network,
                                              pt_text_t *out);

#endif
