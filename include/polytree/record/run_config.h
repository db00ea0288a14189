/** @file
 * The config that a run was made with.
 */
#ifndef PT_RECORD_RUN_CONFIG_H
#define PT_RECORD_RUN_CONFIG_H

#include "polytree/base/status.h"
#include "polytree/config/config.h"

/** Write every option into folder `run`.  Names of files become absolute: later commands on
 * the run may come from any folder. */
PT_MUST_CHECK pt_status_t pt_run_config_write(const char *run, const pt_config_t *config);

/** Read it; options that it does not name have their defaults.  PT_E_IO where the folder
 * has none. */
PT_MUST_CHECK pt_status_t pt_run_config_read(const char *run, pt_config_t *config);

#endif
