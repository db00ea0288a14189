/* What this process is at (steps, evaluations, waits), for a thread that watches it. */
#include "polytree/base/activity.h"

#include <stdatomic.h>

/* One thread writes, so that counting needs no more than that others see whole numbers. */
static struct {
    atomic_int span, doing, phase;
    atomic_uint ended;
    atomic_int_least64_t step;
    atomic_uint_least64_t n_span, n_sign;
} at = {.phase = -1};

#define PUT(field, value) atomic_store_explicit(&at.field, value, memory_order_relaxed)
#define GET(field) atomic_load_explicit(&at.field, memory_order_relaxed)

static void begin(pt_span_t span)
{
    PUT(ended, GET(ended) | 1u << GET(span));
    PUT(span, (int)span);
    PUT(n_span, GET(n_span) + 1);
    PUT(n_sign, GET(n_sign) + 1);
}

void pt_activity_step(pt_span_t span, int32_t phase, int64_t step)
{
    PUT(phase, phase);
    PUT(step, step);
    begin(span);
}

void pt_activity_evaluation(void)
{
    begin(PT_SPAN_EVALUATION);
}

void pt_activity_pause(void)
{
    begin(PT_SPAN_PAUSE);
}

void pt_activity_leave(void)
{
    begin(PT_SPAN_NONE);
}

pt_doing_t pt_activity_do(pt_doing_t doing)
{
    pt_doing_t before = (pt_doing_t)GET(doing);

    PUT(doing, (int)doing);
    PUT(n_sign, GET(n_sign) + 1);
    return before;
}

pt_activity_t pt_activity_now(void)
{
    return (pt_activity_t){.span = (pt_span_t)GET(span),
                           .doing = (pt_doing_t)GET(doing),
                           .phase = GET(phase),
                           .step = GET(step),
                           .ended = GET(ended),
                           .n_span = GET(n_span),
                           .n_sign = GET(n_sign)};
}
