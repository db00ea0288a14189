/** @file
 * What bash needs to complete command lines.
 */
#ifndef APP_COMPLETION_H
#define APP_COMPLETION_H

#include <stdio.h>

/** Write it, from the tables of commands and of options: a script to be read by bash. */
void pt_completion_write(FILE *file);

#endif
