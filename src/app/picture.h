/** @file
 * Pictures, drawn by other programs where those are installed.
 */
#ifndef APP_PICTURE_H
#define APP_PICTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "polytree/base/status.h"
#include "polytree/graph/space.h"
#include "polytree/graph/subnet.h"

/** Write what the program is to read. */
typedef pt_status_t (*pt_picture_source_t)(const void *context, FILE *input);

/**
 * Run `argv`, feed it `source`, and let what it prints replace `path`.
 *
 * @param[out] is_drawn  false where there is no such program
 */
PT_MUST_CHECK pt_status_t pt_picture_pipe(char *const argv[], pt_picture_source_t source,
                                          const void *context, const char *path,
                                          bool *is_drawn);

/** A chart as SVG from a script for gnuplot that does not set its output. */
PT_MUST_CHECK pt_status_t pt_picture_plot(pt_picture_source_t source, const void *context,
                                          const char *path, bool *is_drawn);

/**
 * Draw the graph of one task, or of all (-1), as SVG with Graphviz' dot.
 *
 * @param[out] is_drawn  false where dot is not installed
 */
PT_MUST_CHECK pt_status_t pt_picture_write(const pt_space_t *space,
                                           const pt_subnet_t *subnet, int32_t task,
                                           const char *path, bool *is_drawn);

/** Print a text as gnuplot reads it between double quotes, these included. */
void pt_picture_text(FILE *file, const char *text);

#endif
