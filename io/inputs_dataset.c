/* Inputs of a split of a data set, whatever labels it has. */
#include <string.h>

#include "polytree/base/memory.h"
#include "io/inputs.h"
#include "io/stack.h"

typedef struct open_split {
    hid_t file;
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
    stack->cell = o->input.cell;
    stack->scale = o->input.scale;
    stack->standard = in->want.standard;
    stack->n_channel = o->input.hwc[2];
    stack->row_bytes = pt_schema_item_bytes(&o->input);
    o->staging.bytes = pt_stack_room(stack);
    return pt_alloc(&o->staging.room, o->staging.bytes, 1);
}

/* Features that have names, there and here, are these in this order; without names they are
 * taken by their order. */
static pt_status_t check_names(const pt_inputs_t *in)
{
    const open_split_t *o = in->state;
    const pt_class_name_t *want = in->want.name;
    pt_class_name_t *name;
    pt_status_t status = PT_OK;
    if (want == NULL)
        return PT_OK;
    PT_TRY(pt_schema_read_input_names(&o->input, o->file, in->path, &name));
    for (int64_t i = 0; status == PT_OK && name != NULL && i < o->input.hwc[2]; i++)
        if (strcmp(name[i].text, want[i].text) != 0)
            status = PT_ERROR(MISMATCH,
                              "%s: input_names: feature %lld is '%s', the network was "
                              "trained on '%s' there: expected its features in its order",
                              in->path, (long long)i + 1, name[i].text, want[i].text);
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
    PT_TRY(inputs_check_shape(in, o->stack.array.where, o->input.is_image, o->input.hwc));
    PT_TRY(check_names(in));
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
    int64_t values = o->input.hwc[0] * o->input.hwc[1] * o->input.hwc[2], k;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = first + i;
        const char *stored;
        PT_TRY(pt_stack_fetch(&o->stack, &o->staging, &row, 1, &stored, &k));
        (void)pt_schema_convert_input(&o->input, stored, out + i * values);
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
    pt_free(o);
}

const inputs_kind_t inputs_dataset = {
    .fits = fits, .open = open_inputs, .read = read_rows, .close = close_inputs};
