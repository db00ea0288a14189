/** @file
 * Golden files: lines of "name count values".
 */
#ifndef PT_TEST_GOLDEN_H
#define PT_TEST_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_RECORD = 768 };

typedef struct record {
    char name[80];
    int64_t count;
    double *value;
} record_t;

static struct {
    record_t record[MAX_RECORD];
    int32_t n;
} golden;

static inline int read_golden(const char *path)
{
    FILE *file = fopen(path, "r");
    record_t r;

    assert_non_null(file);
    while (fscanf(file, "%79s %ld", r.name, &r.count) == 2) {
        assert_true(golden.n < MAX_RECORD && r.count > 0);
        r.value = malloc((size_t)r.count * sizeof *r.value);
        assert_non_null(r.value);
        for (int64_t i = 0; i < r.count; i++)
            assert_int_equal(fscanf(file, "%lf", &r.value[i]), 1);
        golden.record[golden.n++] = r;
    }
    assert_true(feof(file));
    fclose(file);
    return 0;
}

static inline int free_golden(void **state)
{
    (void)state;
    for (int32_t i = 0; i < golden.n; i++)
        free(golden.record[i].value);
    golden.n = 0;
    return 0;
}

/** The record "a/b/c" (b or c may be NULL); NULL if there is none. */
static inline const double *find(const char *a, const char *b, const char *c, int64_t count)
{
    char name[200];

    snprintf(name, sizeof name, "%s%s%s%s%s", a, b ? "/" : "", b ? b : "", c ? "/" : "",
             c ? c : "");
    for (int32_t i = 0; i < golden.n; i++)
        if (strcmp(golden.record[i].name, name) == 0) {
            assert_int_equal(golden.record[i].count, count);
            return golden.record[i].value;
        }
    return NULL;
}

static inline const double *get(const char *a, const char *b, const char *c, int64_t count)
{
    const double *value = find(a, b, c, count);

    if (value == NULL)
        fail_msg("the golden file lacks %s %s %s", a, b ? b : "", c ? c : "");
    return value;
}

#endif
