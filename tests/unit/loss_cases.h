/** @file
 * Cases of tests/golden/loss.txt, for the test of losses.
 */
#ifndef TESTS_LOSS_CASES_H
#define TESTS_LOSS_CASES_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/real.h"
#include "polytree/train/objective.h"

enum { CASE_MAX = 2048 };

typedef struct loss_case {
    pt_task_info_t info;
    pt_objective_t o;
    int64_t n, h, w;
    pt_real_t output[CASE_MAX];
    pt_label_t label[CASE_MAX];
    double value;
    double gradient[CASE_MAX];
} loss_case_t;

static inline double read_number(FILE *file)
{
    double x;
    assert_int_equal(fscanf(file, "%lf", &x), 1);
    return x;
}

static inline int find_word(const char *word, const char *(*name)(int), int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(word, name(i)) == 0)
            return i;
    fail_msg("the golden file has the word %s", word);
    return 0;
}

static inline const char *kind_name(int i)
{
    return pt_task_kind_name((pt_task_kind_t)i);
}

static inline const char *loss_name(int i)
{
    return pt_loss_name((pt_task_loss_t)i);
}

static inline pt_label_t make_label(bool is_float, double x)
{
    return is_float ? (pt_label_t){.f = (float)x}
                    : (pt_label_t){.i = x < 0 ? PT_LABEL_NONE : (int32_t)x};
}

/* The next case; `c` is zeroed first.  False at the end of the file. */
static inline bool read_case(FILE *file, loss_case_t *c)
{
    char what[16], kind[32], name[32];

    memset(c, 0, sizeof *c);
    if (fscanf(file, "%15s %31s %31s", what, kind, name) != 3)
        return false;
    assert_string_equal(what, "loss");
    c->info.kind = (pt_task_kind_t)find_word(kind, kind_name, PT_N_TASK_KIND);
    c->o.info = &c->info;
    c->o.loss = (pt_task_loss_t)find_word(name, loss_name, PT_LOSS_COSINE + 1);
    c->o.smoothing = read_number(file);
    c->o.positive_weight = read_number(file);
    c->n = (int64_t)read_number(file);
    c->h = (int64_t)read_number(file);
    c->w = (int64_t)read_number(file);
    c->o.outputs = c->info.classes = (int32_t)read_number(file);
    c->o.labels = (int32_t)read_number(file);
    int64_t n_output = c->n * c->h * c->w * c->o.outputs,
            n_label = c->n * c->h * c->w * c->o.labels;
    assert_true(n_output <= CASE_MAX && n_label <= CASE_MAX);
    for (int64_t i = 0; i < n_output; i++)
        c->output[i] = (pt_real_t)read_number(file);
    for (int64_t i = 0; i < n_label; i++)
        c->label[i] = make_label(pt_task_is_float(&c->info), read_number(file));
    c->value = read_number(file);
    for (int64_t i = 0; i < n_output; i++)
        c->gradient[i] = read_number(file);
    return true;
}

/* Call `check` for every case of the golden file; their number. */
static inline int for_each_case(void (*check)(loss_case_t *))
{
    loss_case_t *c = malloc(sizeof *c);
    FILE *file = fopen("tests/golden/loss.txt", "r");
    int n = 0;

    assert_non_null(c);
    assert_non_null(file);
    for (; read_case(file, c); n++)
        check(c);
    fclose(file);
    free(c);
    return n;
}

#endif
