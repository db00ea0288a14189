/* What `polytree show` prints of a branch space: layers, branchings, heads and costs. */
#include "app/show.h"

#include <stdio.h>
#include <string.h>

#include "app/console.h"
#include "polytree/base/text.h"
#include "polytree/arch/cost.h"
#include "polytree/picture/outline.h"

static int block_width(const pt_space_t *s)
{
    size_t width = strlen("block");
    for (int32_t l = 0; l <= s->n_layer; l++)
        width = strlen(s->layer[l].block) > width ? strlen(s->layer[l].block) : width;
    return (int)width;
}

static const char *shape_text(pt_shape_t shape, char text[64])
{
    snprintf(text, 64, "%lld x %lld x %lld", (long long)shape.h, (long long)shape.w,
             (long long)shape.c);
    return text;
}

/* The stem is layer 0; copies of a layer cost the same. */
static void print_layers(const pt_space_t *s)
{
    int width = block_width(s);
    char shape[64];
    pt_console_line("encoder of %d layer%s, input %s; cost of one copy:", (int)s->n_layer,
                    pt_plural(s->n_layer), shape_text(s->node[0].shape, shape));
    pt_console_line(
        "  layer  %-*s  %15s  stride  dilation  copies  multiply-adds  parameters", width,
        "block", "output");
    for (int32_t l = 0; l <= s->n_layer; l++) {
        const pt_space_layer_t *layer = &s->layer[l];
        int32_t first = l > 0 ? s->layer_choice[l - 1] : 0;
        int32_t n_copy = l > 0 ? s->layer_choice[l] - first : 1;
        pt_cost_t cost = pt_cost_candidate(s, l > 0 ? s->choice[first].candidate : 0);
        pt_console_line("  %-5s  %-*s  %15s  %6d  %8d  %6d  %13lld  %10lld",
                        l > 0 ? s->node[1 + l].name : "stem", width, layer->block,
                        shape_text(s->node[1 + l].shape, shape), (int)layer->stride,
                        (int)layer->dilation, (int)n_copy, (long long)cost.madds,
                        (long long)cost.parameters);
    }
}

static int padded_name(const pt_space_t *s, int32_t task)
{
    return pt_padded(s->task[task].name, pt_space_name_columns(s, NAME_COLUMNS));
}

static pt_status_t print_branching(const pt_space_t *s, const pt_subnet_t *subnet,
                                   int32_t task)
{
    pt_text_t text = {0};
    pt_status_t status = pt_outline_branching(s, subnet, task, &text);
    if (status == PT_OK && task < 0)
        pt_console_line("branching: %s", pt_text_get(&text));
    else if (status == PT_OK)
        pt_console_line("  %-*s %s", padded_name(s, task), s->task[task].name,
                        pt_text_get(&text));
    pt_text_release(&text);
    return status;
}

static pt_status_t print_task(const pt_space_t *s, const pt_subnet_t *subnet, int32_t task)
{
    pt_cost_t cost;
    PT_TRY(print_branching(s, subnet, task));
    PT_TRY(pt_cost_task(s, subnet, task, &cost));
    pt_console_line("  %-*s %lld parameters, %lld multiply-adds, %lld of them encoder",
                    (int)pt_space_name_columns(s, NAME_COLUMNS), "",
                    (long long)cost.parameters, (long long)cost.madds,
                    (long long)cost.encoder_madds);
    return PT_OK;
}

static void print_heads(const pt_space_t *s, int32_t task)
{
    char shape[64];
    pt_console_line("heads:");
    for (int32_t k = 0; k < s->n_task; k++) {
        if (task >= 0 && k != task)
            continue;
        int32_t head = pt_space_head(s, k), skip = s->candidate[head].skip;
        pt_cost_t cost = pt_cost_candidate(s, head);
        pt_console_line(
            "  %-*s %15s  %13lld  %10lld%s%s", padded_name(s, k), s->task[k].name,
            shape_text(s->node[s->candidate[head].dst].shape, shape), (long long)cost.madds,
            (long long)cost.parameters, skip >= 0 ? "  reads also " : "",
            skip >= 0 ? s->node[skip].name : "");
    }
}

static pt_status_t print_cost(const pt_space_t *s, const pt_subnet_t *subnet)
{
    int64_t shared = pt_cost_shared(s), full = pt_cost_full(s);
    pt_cost_t cost;
    pt_console_line("encoder: %lld multiply-adds a sample where all tasks share all of it, "
                    "%lld where they share the stem alone",
                    (long long)shared, (long long)full);
    if (subnet == NULL)
        return PT_OK;
    PT_TRY(pt_cost_all(s, subnet, &cost));
    pt_console_line("  here %lld: %.2f times the first, %.1f %% of the second",
                    (long long)cost.encoder_madds,
                    (double)cost.encoder_madds / (double)shared,
                    100 * (double)cost.encoder_madds / (double)full);
    pt_console_line("all: %lld parameters, %lld multiply-adds a sample, heads included",
                    (long long)cost.parameters, (long long)cost.madds);
    return PT_OK;
}

pt_status_t pt_show_branch(const pt_space_t *space, const pt_subnet_t *subnet, int32_t task)
{
    if (task >= 0 && subnet != NULL)
        return print_task(space, subnet, task);
    print_layers(space);
    if (subnet != NULL)
        PT_TRY(print_branching(space, subnet, -1));
    print_heads(space, task);
    return print_cost(space, subnet);
}
