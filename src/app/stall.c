/* Telling whether a process stands still, from the signs of life that its work gives. */
#include "app/stall.h"

#include <stdio.h>

#include "polytree/search/search.h"

static stall_state_t state_of(const pt_activity_t *a)
{
    switch (a->span) {
    case PT_SPAN_NONE:
        return STALL_NO_PART;
    case PT_SPAN_PAUSE:
        return STALL_PAUSED;
    default:
        return a->doing == PT_DOING_WAIT ? STALL_WAITING : STALL_AT_WORK;
    }
}

stall_state_t stall_look(stall_t *s, long now)
{
    pt_activity_t a = pt_activity_now();
    if (a.n_span != s->seen.n_span) {
        long beats = now - s->span_since;
        if (beats > s->longest[s->seen.span])
            s->longest[s->seen.span] = beats;
        s->span_since = now;
    }
    if (a.n_sign != s->seen.n_sign)
        s->sign_since = now;
    s->seen = a;
    return state_of(&a);
}

static long larger(long a, long b)
{
    return a > b ? a : b;
}

bool stall_is_overdue(const stall_t *s, long now, long least)
{
    long step = larger(s->longest[PT_SPAN_WEIGHT_STEP], s->longest[PT_SPAN_ALPHA_STEP]);
    long limit = larger(least, 10 * step);
    switch (state_of(&s->seen)) {
    case STALL_AT_WORK:
        return now - s->sign_since >= limit;
    case STALL_WAITING:
        limit = larger(limit, 10 * s->longest[s->seen.span]);
        limit += limit / 4;
        /* How long the others take for the first one nobody knows. */
        if ((s->seen.ended & 1u << s->seen.span) == 0)
            limit *= 10;
        return now - s->sign_since >= limit;
    default:
        return false;
    }
}

void stall_describe(const stall_t *s, char *text, size_t size)
{
    static const char *const doing[PT_N_DOING] = {
        [PT_DOING_PLANS] = "compiling plans",
        [PT_DOING_DATA] = "reading samples",
        [PT_DOING_OPERATIONS] = "running operations",
        [PT_DOING_UPDATE] = "updating weights",
        [PT_DOING_WAIT] = "waiting for other ranks",
    };
    const pt_activity_t *a = &s->seen;
    pt_phase_t of;
    const char *phase = pt_phase_of_number(a->phase, &of) ? pt_phase_name(of) : "";
    if (a->span == PT_SPAN_EVALUATION)
        snprintf(text, size, "%s in an evaluation%s%s", doing[a->doing],
                 phase[0] == '\0' ? "" : " of ", phase);
    else
        snprintf(text, size, "%s in %s, %s step %lld", doing[a->doing], phase,
                 a->span == PT_SPAN_ALPHA_STEP ? "alpha" : "weight",
                 (long long)a->step + 1);
}
