/** @file
 * Reading metrics.jsonl and timing.jsonl, also while a run is writing them.
 */
#ifndef PT_SEARCH_JSONL_H
#define PT_SEARCH_JSONL_H

#include <jansson.h>

#include "polytree/base/status.h"

/** Take one line, which is borrowed; not PT_OK ends the reading. */
typedef pt_status_t (*pt_jsonl_taker_t)(void *context, json_t *line);

/**
 * Hand every whole line of a file to `take`; one that is still being written is left out.
 *
 * @return PT_E_FORMAT where a line is no JSON object
 */
PT_MUST_CHECK pt_status_t pt_jsonl_read(const char *path, pt_jsonl_taker_t take,
                                        void *context);

/** A number of an object; NaN where it has none of that name. */
double pt_json_real(const json_t *object, const char *key);
/** A text of an object; "" where it has none of that name. */
const char *pt_json_text(const json_t *object, const char *key);

/**
 * Of a task's scores, {"n": .., METRIC: .., "loss": .., other metrics}: the metric's name,
 * which is the object's, or NULL.
 *
 * @param[out] value  NaN where there is none
 */
const char *pt_json_metric(json_t *scores, double *value);

#endif
