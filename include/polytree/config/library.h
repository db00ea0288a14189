/** @file
 * Which library reads INI files.
 */
#ifndef PT_CONFIG_LIBRARY_H
#define PT_CONFIG_LIBRARY_H

/** Its name and version. */
const char *pt_config_library(void);

#endif
