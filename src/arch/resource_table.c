/* Tables of seconds: a line "name seconds" for each candidate. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/resource.h"
#include "arch/uses.h"

/* The name that a line must have: copies of a layer cost the same, under the layer's. */
static size_t name_length(const pt_space_t *space, const pt_candidate_t *c)
{
    const char *end = strstr(c->name, "_copy");
    bool is_copy = c->choice >= 0 && space->choice[c->choice].kind == PT_CHOICE_COPY;
    return is_copy && end != NULL ? (size_t)(end - c->name) : strlen(c->name);
}

static pt_status_t take_line(const pt_space_t *space, const char *where, char *line,
                             double *seconds)
{
    char *name = line + strspn(line, " \t"), *rest, *end;
    size_t length = strcspn(name, " \t\r\n");
    bool is_known = false;
    double value;
    if (length == 0 || name[0] == '#')
        return PT_OK;
    rest = name + length;
    value = strtod(rest, &end);
    if (end == rest || end[strspn(end, " \t\r\n")] != '\0' || !isfinite(value) || value < 0)
        PT_FAIL(FORMAT, "%s: expected a name and its seconds, at least 0, got '%.*s'",
                where, (int)strcspn(line, "\r\n"), line);
    for (int32_t c = 0; c < space->n_candidate; c++) {
        const pt_candidate_t *candidate = &space->candidate[c];
        if (name_length(space, candidate) != length ||
            memcmp(candidate->name, name, length) != 0)
            continue;
        if (!isnan(seconds[c]))
            PT_FAIL(FORMAT, "%s: %.*s is there twice", where, (int)length, name);
        seconds[c] = value;
        is_known = true;
    }
    if (!is_known)
        PT_FAIL(FORMAT, "%s: the space has no %.*s", where, (int)length, name);
    return PT_OK;
}

static pt_status_t take_lines(const pt_space_t *space, const char *path, FILE *file,
                              double *seconds)
{
    char line[256], where[4200];
    for (int n = 1; fgets(line, sizeof line, file) != NULL; n++) {
        snprintf(where, sizeof where, "%s:%d", path, n);
        if (strchr(line, '\n') == NULL && !feof(file))
            PT_FAIL(FORMAT, "%s: the line is longer than %d characters", where,
                    (int)sizeof line - 2);
        PT_TRY(take_line(space, where, line, seconds));
    }
    if (ferror(file))
        PT_FAIL(IO, "cannot read %s: %s", path, strerror(errno));
    return PT_OK;
}

pt_status_t resource_read_table(const pt_space_t *space, const char *path, bool with_heads,
                                double *seconds)
{
    FILE *file = fopen(path, "r");
    pt_status_t status;
    if (file == NULL)
        PT_FAIL(IO, "resource.table = %s: %s", path, strerror(errno));
    for (int32_t c = 0; c < space->n_candidate; c++)
        seconds[c] = NAN;
    status = take_lines(space, path, file, seconds);
    fclose(file);
    PT_TRY(status);
    for (int32_t c = 0; c < space->n_candidate; c++) {
        const pt_candidate_t *candidate = &space->candidate[c];
        if (!with_heads && candidate_is_head(space, c))
            seconds[c] = 0;
        else if (isnan(seconds[c]))
            PT_FAIL(FORMAT, "%s has no line for %.*s", path,
                    (int)name_length(space, candidate), candidate->name);
    }
    return PT_OK;
}
