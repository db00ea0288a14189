/** @file
 * Samples for the page of a run, with what its network makes of them.
 */
#ifndef APP_EXAMPLES_H
#define APP_EXAMPLES_H

#include "polytree/config/config.h"
#include "polytree/io/dataset.h"
#include "polytree/picture/example.h"

/**
 * Take the first labelled samples of the split that scores are of, so that every task has
 * some.  What keeps from showing any, as a data set that is not at hand, is said in
 * `examples`.  Not collective; release it.
 *
 * @param[in] dataset  of the run, in its units; NULL: the one that the config names is read
 */
void pt_examples_collect(const pt_config_t *config, const char *run, pt_dataset_t *dataset,
                         pt_examples_t *examples);

#endif
