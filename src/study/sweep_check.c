/* Whether what section [sweep] asks for is evidence: nothing counts twice, and what is
 * varied makes runs to compare. */
#include <stdio.h>
#include <string.h>

#include "study/sweep.h"

static pt_status_t check_seeds(const pt_config_t *config)
{
    const int64_t *seed = config->sweep.seeds.value;
    for (int32_t i = 0; i < config->sweep.seeds.n; i++)
        for (int32_t j = 0; j < i; j++)
            if (seed[i] == seed[j])
                PT_FAIL(CONFIG, "sweep.seeds: %lld stands there twice, which is one run",
                        (long long)seed[i]);
    return PT_OK;
}

/* The config with a value of an axis, as text. */
static pt_status_t write_value(const pt_sweep_t *s, const sweep_axis_t *axis, int32_t value,
                               pt_text_t *text)
{
    pt_config_t config = *s->config;
    if (pt_config_set_key(&config, axis->key, axis->value[value]) != PT_OK)
        PT_FAIL(CONFIG, "sweep.vary: %s", pt_error_message());
    pt_config_dump(&config, text);
    return text->status;
}

/* Each value a value of the option, and another one, however it is written. */
static pt_status_t check_values(const pt_sweep_t *s, const sweep_axis_t *axis)
{
    pt_text_t text[SWEEP_VALUE] = {{0}};
    pt_status_t status = PT_OK;
    for (int32_t i = 0; i < axis->n_value && status == PT_OK; i++) {
        status = write_value(s, axis, i, &text[i]);
        for (int32_t j = 0; j < i && status == PT_OK; j++)
            if (strcmp(text[i].data, text[j].data) == 0)
                status = PT_ERROR(CONFIG, "sweep.vary: %s = %s | %s: the same value twice",
                                  axis->key, axis->value[j], axis->value[i]);
    }
    for (int32_t i = 0; i < axis->n_value; i++)
        pt_text_release(&text[i]);
    return status;
}

static bool have_common_method(const sweep_axis_t *a, const sweep_axis_t *b)
{
    bool is_any = false;
    for (int32_t m = 0; m < PT_N_METHOD; m++)
        is_any |= a->is_of[m] && b->is_of[m];
    return is_any;
}

/* What an axis varies must make runs, and runs that can be compared. */
static pt_status_t check_axis(const pt_sweep_t *s, int32_t a)
{
    const sweep_axis_t *axis = &s->axis[a];
    bool is_of_any = false, is_of_all = true;
    PT_TRY(check_values(s, axis));
    for (int32_t r = 0; r < s->n_row; r++) {
        is_of_any |= axis->is_of[s->row[r].method];
        is_of_all &= axis->is_of[s->row[r].method];
    }
    /* Named methods may be left out of a sweep; not to name one is easily forgotten. */
    if (!is_of_any && !axis->is_named)
        PT_FAIL(CONFIG,
                "sweep.vary: %s names no method, so it is for search, which is none of "
                "sweep.methods",
                axis->key);
    if (axis->n_value == 1 && (is_of_all || !axis->is_named))
        PT_FAIL(CONFIG,
                "sweep.vary: %s = %s: there is nothing to compare one value with: name "
                "more, or one method of several that it is for",
                axis->key, axis->value[0]);
    for (int32_t b = 0; b < a; b++)
        if (strcmp(axis->key, s->axis[b].key) == 0 && have_common_method(axis, &s->axis[b]))
            PT_FAIL(CONFIG, "sweep.vary: %s stands there twice", axis->key);
    return PT_OK;
}

pt_status_t sweep_check(const pt_sweep_t *sweep)
{
    PT_TRY(check_seeds(sweep->config));
    for (int32_t a = 0; a < sweep->n_axis; a++)
        PT_TRY(check_axis(sweep, a));
    return PT_OK;
}
