/* Inputs of a split of a data set, whatever labels it has. */
#include <math.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "io/inputs.h"
#include "io/stack.h"

typedef struct open_split {
    hid_t file;
    int64_t *place; /* [features of the network] in the file's; NULL: one for one */
    pt_standard_t *standard; /* [features of the file]; where there are places */
    float *row;              /* the file's */
    pt_schema_input_t input;
    pt_stack_t stack;
    pt_staging_t staging;
} open_split_t;

static bool fits(const char *path, bool is_folder, const char head[8])
{
    (void)path;
    return !is_folder && memcmp(head, "\x89HDF\r\n\x1a\n", 8) == 0;
}

static pt_status_t open_split(pt_inputs_t *in, pt_split_t split)
{
    open_split_t *o = in->state;
    PT_TRY(pt_schema_open_input(&o->input, o->file, in->path, split, &o->stack.array));
    in->n = o->stack.n = o->input.n[split];
    in->split = split;
    return PT_OK;
}

/* In the units of the network's training, not of the file's. */
static pt_status_t describe_rows(pt_inputs_t *in)
{
    open_split_t *o = in->state;
    pt_stack_t *stack = &o->stack;
    if (o->input.cell == PT_CELL_U8)
        PT_TRY(inputs_take_bytes(in, stack->array.where));
    else
        inputs_say_blur(in, stack->array.where, stack->array.number, o->input.scale);
    stack->cell = o->input.cell;
    stack->scale = o->input.scale;
    stack->standard = o->place != NULL ? o->standard : in->want.standard;
    stack->n_channel = o->input.hwc[2];
    stack->n_value = pt_schema_input_values(&o->input);
    stack->row_bytes = (size_t)stack->n_value * pt_cell_bytes(stack->cell);
    o->staging.bytes = pt_stack_room(stack);
    return pt_alloc(&o->staging.room, o->staging.bytes, 1);
}

/* What is not taken is 0 in its units, whatever it holds. */
static pt_status_t place_units(pt_inputs_t *in)
{
    open_split_t *o = in->state;
    int64_t n = o->input.hwc[2];
    PT_TRY(pt_alloc(&o->row, (size_t)n, sizeof *o->row));
    if (in->want.standard == NULL)
        return PT_OK;
    PT_TRY(pt_alloc(&o->standard, (size_t)n, sizeof *o->standard));
    for (int64_t i = 0; i < n; i++)
        o->standard[i] = (pt_standard_t){0, INFINITY};
    for (int64_t i = 0; i < in->want.hwc[2]; i++)
        o->standard[o->place[i]] = in->want.standard[i];
    return PT_OK;
}

static int64_t find_name(const pt_class_name_t *name, int64_t n, int64_t first,
                         const char *text)
{
    for (int64_t i = first; i < n; i++)
        if (strcmp(name[i].text, text) == 0)
            return i;
    return -1;
}

static void say_places(const pt_inputs_t *in, const pt_class_name_t *name)
{
    const open_split_t *o = in->state;
    inputs_names_t unused = {.n = 0};
    bool is_in_order = true;
    for (int64_t i = 1; i < in->want.hwc[2]; i++)
        is_in_order = is_in_order && o->place[i] > o->place[i - 1];
    if (!is_in_order)
        inputs_say(in, "features    by their names, as they stand in another order than in "
                       "the training");
    for (int64_t i = 0; i < o->input.hwc[2]; i++)
        if (find_name(in->want.name, in->want.hwc[2], 0, name[i].text) < 0)
            inputs_names_add(&unused, name[i].text);
    if (unused.n > 0)
        inputs_say(in, "left out    of the features, which the network does not take: %s",
                   inputs_names_text(&unused));
}

static pt_status_t find_places(pt_inputs_t *in, const pt_class_name_t *name)
{
    open_split_t *o = in->state;
    int64_t n = o->input.hwc[2];
    inputs_names_t missing = {.n = 0};
    PT_TRY(pt_alloc(&o->place, (size_t)in->want.hwc[2], sizeof *o->place));
    for (int64_t i = 0; i < in->want.hwc[2]; i++) {
        const char *text = in->want.name[i].text;
        o->place[i] = find_name(name, n, 0, text);
        if (o->place[i] < 0)
            inputs_names_add(&missing, text);
        else if (find_name(name, n, o->place[i] + 1, text) >= 0 ||
                 find_name(in->want.name, in->want.hwc[2], i + 1, text) >= 0)
            PT_FAIL(MISMATCH,
                    "%s: input_names: '%s' is there twice, so that features in another "
                    "order than in the training cannot be told apart",
                    in->path, text);
    }
    if (missing.n > 0)
        PT_FAIL(MISMATCH, "%s: input_names: no %s, which the network was trained on",
                in->path, inputs_names_text(&missing));
    say_places(in, name);
    return place_units(in);
}

/* Features that have names, there and here, are known by these; without they are taken by
 * their order. */
static pt_status_t match_names(pt_inputs_t *in)
{
    open_split_t *o = in->state;
    const pt_class_name_t *want = in->want.name;
    pt_class_name_t *name = NULL;
    bool is_same =
        !o->input.is_image && !in->want.is_image && o->input.hwc[2] == in->want.hwc[2];
    if (want != NULL && !o->input.is_image)
        PT_TRY(pt_schema_read_input_names(&o->input, o->file, in->path, &name));
    for (int64_t i = 0; name != NULL && is_same && i < o->input.hwc[2]; i++)
        is_same = strcmp(name[i].text, want[i].text) == 0;
    pt_status_t status =
        name == NULL || is_same
            ? inputs_check_shape(in, o->stack.array.where, o->input.is_image, o->input.hwc)
            : find_places(in, name);
    pt_free(name);
    return status;
}

static pt_status_t look_at_file(pt_inputs_t *in)
{
    static const pt_split_t order[] = {PT_SPLIT_TEST, PT_SPLIT_VAL, PT_SPLIT_TRAIN};
    const open_split_t *o = in->state;
    pt_split_t asked = in->split;
    PT_TRY(pt_schema_check_header(o->file, in->path));
    for (size_t i = 0; in->n == 0 && i < sizeof order / sizeof order[0]; i++)
        if (asked == PT_N_SPLIT || asked == order[i])
            PT_TRY(open_split(in, order[i]));
    if (in->n == 0)
        PT_FAIL(FORMAT, "%s: it has no inputs%s%s", in->path,
                asked == PT_N_SPLIT ? "" : " in ",
                asked == PT_N_SPLIT ? "" : pt_split_name(asked));
    PT_TRY(match_names(in));
    return describe_rows(in);
}

static pt_status_t open_inputs(pt_inputs_t *in)
{
    open_split_t *o;
    PT_TRY(pt_alloc(&o, 1, sizeof *o));
    in->state = o;
    o->file = o->stack.array.id = H5I_INVALID_HID;
    o->stack.array.space = o->stack.array.stored = H5I_INVALID_HID;
    PT_TRY(pt_h5_open(in->path, &o->file));
    return pt_h5_judge(look_at_file(in), o->file, in->path);
}

static pt_status_t read_rows(pt_inputs_t *in, int64_t first, int64_t n, float *out)
{
    const open_split_t *o = in->state;
    const int64_t *hwc = in->want.hwc, values = hwc[0] * hwc[1] * hwc[2];
    int64_t k;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = first + i;
        const char *stored;
        PT_TRY(pt_stack_fetch(&o->stack, &o->staging, &row, 1, &stored, &k));
        float *to = out + i * values;
        (void)pt_schema_convert_input(&o->input, stored, o->place != NULL ? o->row : to);
        for (int64_t c = 0; o->place != NULL && c < values; c++)
            to[c] = o->row[o->place[c]];
    }
    return PT_OK;
}

static void close_inputs(pt_inputs_t *in)
{
    open_split_t *o = in->state;
    if (o == NULL)
        return;
    pt_h5_array_close(&o->stack.array);
    pt_h5_close(o->file);
    pt_free(o->staging.room);
    pt_free(o->place);
    pt_free(o->standard);
    pt_free(o->row);
    pt_free(o);
}

const inputs_kind_t inputs_dataset = {
    .fits = fits, .open = open_inputs, .read = read_rows, .close = close_inputs};
