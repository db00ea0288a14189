/** @file
 * The man page, made of the tables of commands and options.
 */
#ifndef APP_MAN_H
#define APP_MAN_H

#include <stdio.h>

/** Write polytree(1) as roff, for man -l and `make install`. */
void pt_man_write(FILE *file);

#endif
