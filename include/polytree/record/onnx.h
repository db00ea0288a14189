/** @file
 * A trained network as ONNX (opset 13, IR version 8), for the runtimes of others.
 *
 * One graph for all tasks, in which what they share stands once.  Its input is that of
 * `polytree predict`, [n, height, width, channels] or [n, features]; its outputs, called as
 * the tasks, are raw as with --logits: [n, outputs], of maps [n, height, width, outputs];
 * but a regression is in the units of its labels.  Inputs are float64 where float32 would
 * round away a thousandth of their deviation. Inside, tensors are [n, channels, height,
 * width].
 */
#ifndef PT_RECORD_ONNX_H
#define PT_RECORD_ONNX_H

#include <stdbool.h>

#include "polytree/base/status.h"
#include "polytree/base/text.h"
#include "polytree/record/architecture.h"
#include "polytree/train/inference.h"

typedef struct pt_onnx_options {
    bool is_folded;   /**< batch norms go into the convolution or linear layer before, where
                         that is theirs alone */
    bool takes_bytes; /**< the input is uint8, which the graph divides by 255 */
} pt_onnx_options_t;

/**
 * Add the model to `out`.  Not collective.
 *
 * @param[in] network  with its weights, of `found`
 * @return PT_E_RANGE where it takes 2 GiB or more, which no reader of the format takes
 */
PT_MUST_CHECK pt_status_t pt_onnx_text(const pt_architecture_t *found,
                                       const pt_inference_t *network,
                                       const pt_onnx_options_t *options, pt_text_t *out);

#endif
