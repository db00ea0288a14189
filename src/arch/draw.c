/* Drawing random subnets until one costs about what is asked for. */
#include "arch/draw.h"

enum { MOST_ORDERS = 4096 };

static int64_t distance(int64_t madds, int64_t low, int64_t high)
{
    return madds < low ? low - madds : madds > high ? madds - high : 0;
}

pt_status_t pt_draw_subnet(const pt_space_t *space, int64_t low, int64_t high, bool is_one,
                           const pt_rng_t *rng, pt_subnet_t *subnet)
{
    draw_fn draw = space->kind == PT_SPACE_BRANCH ? draw_branch : draw_dag;
    pt_rng_t key = *rng;
    int64_t nearest = INT64_MAX / 2;
    subnet->is_soft = false;
    for (int32_t i = 0; i < MOST_ORDERS; i++) {
        int64_t madds = 0;
        key.task = (uint16_t)i;
        PT_TRY(draw(space, low, high, is_one, &key, subnet, &madds));
        if (madds >= low && madds <= high)
            return PT_OK;
        if (distance(madds, low, high) < distance(nearest, low, high))
            nearest = madds;
    }
    PT_FAIL(RANGE,
            "no random subnet of %lld to %lld multiply-adds among %d drawn; the nearest "
            "has %lld",
            (long long)low, (long long)high, MOST_ORDERS, (long long)nearest);
}
