/* polytree predict: the network of a run on inputs without labels.
 *
 * Rank r of P runs the microbatches r, r + P, ..; of each round of P rank 0 collects the
 * answers and writes them, so that the file depends on the inputs alone.
 */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/console.h"
#include "app/make_data.h"
#include "app/trained.h"
#include "polytree/base/memory.h"
#include "polytree/io/arrays.h"
#include "polytree/io/inputs.h"
#include "polytree/par/comm.h"
#include "polytree/train/answer.h"

enum {
    PREDICT_OUTPUT,
    PREDICT_SPLIT,
    PREDICT_INPUTS,
    PREDICT_MISSING,
    PREDICT_FILL,
    PREDICT_RESIZE,
    PREDICT_LOGITS,
    PREDICT_FORCE,
    PREDICT_SET
};
const pt_flag_t pt_flags_predict[] = {
    {"output", 'o', "OUT", "file of the answers: .h5, .npz or .csv"},
    {"split", 0, "test|val|train", "of a data set (the first that it has)"},
    {"inputs", 0, "NAME", "array of a .npz (images, inputs or x)"},
    {"missing", 0, "WORD ...",
     "what holds no value in a table, beside empty cells, NA, NaN and so on"},
    {"fill", 0, "mean",
     "what a feature without a value becomes: its mean in the training (it is an error)"},
    {"resize", 0, NULL, "bring pictures to the size of the network's inputs"},
    {"logits", 0, NULL, "what the network puts out, as it is"},
    {"force", 0, NULL, "replace OUT where it is there already"},
    {"set", 0, "key=value", "options over those of the run"},
    {0}};

typedef struct predict {
    pt_trained_t trained;
    pt_inputs_t *inputs;
    pt_arrays_t *out; /* rank 0 */
    bool is_raw, has_name;
    int64_t microbatch;
    int32_t n_array;   /* answers of all tasks; then, if there are any, names of rows */
    pt_array_t *array; /* [n_array + 1] */
    int32_t *first;    /* [n_task + 1] array of a task's first answer */
    float *input;      /* a microbatch */
    void **mine;       /* [n_array] rows of this rank's microbatch */
    void **all;        /* [n_array + 1] rows of a round, on rank 0 */
} predict_t;

static bool is_root(void)
{
    return pt_comm_rank(pt_comm_world()) == 0;
}

/* "shape/class" is the column "shape" of a table, "shape/probability" one of "shape.NAME"
 * for each class. */
static void name_array(const pt_interface_task_t *task, const pt_answer_t *answer,
                       pt_array_t *array)
{
    bool is_main = answer->is_class || strcmp(answer->name, "value") == 0;
    snprintf(array->name, sizeof array->name, "%s/%s", task->info.name, answer->name);
    snprintf(array->column, sizeof array->column, "%s%s%s", task->info.name,
             is_main ? "" : ".", is_main ? "" : answer->name);
}

static void describe_answer(const pt_interface_task_t *task, const pt_answer_t *answer,
                            pt_array_t *array)
{
    bool has_names = task->class_name != NULL && strcmp(answer->name, "confidence") != 0;
    name_array(task, answer, array);
    array->type = answer->is_class    ? PT_ARRAY_I32
                  : answer->is_double ? PT_ARRAY_F64
                                      : PT_ARRAY_F32;
    if (pt_task_is_map(&task->info)) {
        array->dim[array->n_dim++] = task->info.height;
        array->dim[array->n_dim++] = task->info.width;
    }
    if (answer->is_list)
        array->dim[array->n_dim++] = answer->values;
    array->class_name = has_names ? task->class_name : NULL;
    array->n_class_name = has_names ? task->info.classes : 0;
}

static pt_status_t describe_answers(predict_t *p)
{
    const pt_interface_t *interface = &p->trained.found.interface;
    size_t most = (size_t)interface->n_task * PT_TASK_ANSWERS + 1;
    PT_TRY(pt_alloc(&p->array, most, sizeof *p->array));
    PT_TRY(pt_alloc(&p->first, (size_t)interface->n_task + 1, sizeof *p->first));
    for (int32_t k = 0; k < interface->n_task; k++) {
        pt_answer_t answer[PT_TASK_ANSWERS];
        int32_t n = pt_answers(&p->trained.objective[k], p->is_raw, answer);
        for (int32_t i = 0; i < n; i++)
            describe_answer(&interface->task[k], &answer[i], &p->array[p->n_array++]);
        p->first[k + 1] = p->n_array;
    }
    p->has_name = pt_inputs_name_bytes(p->inputs) > 0;
    p->array[p->n_array] = (pt_array_t){.name = "name",
                                        .column = "name",
                                        .type = PT_ARRAY_TEXT,
                                        .text_bytes = pt_inputs_name_bytes(p->inputs)};
    return PT_OK;
}

static pt_status_t make_room(predict_t *p)
{
    const pt_input_info_t *input = &p->trained.found.interface.input;
    size_t n = (size_t)p->n_array, rows = (size_t)p->microbatch;
    size_t round = rows * (size_t)pt_comm_size(pt_comm_world());
    PT_TRY(pt_alloc(&p->input,
                    rows * (size_t)(input->hwc[0] * input->hwc[1] * input->hwc[2]),
                    sizeof *p->input));
    PT_TRY(pt_alloc(&p->mine, n, sizeof *p->mine));
    PT_TRY(pt_alloc(&p->all, n + 1, sizeof *p->all));
    for (size_t i = 0; i < n; i++)
        PT_TRY(pt_alloc(&p->mine[i], rows, pt_array_row_bytes(&p->array[i])));
    for (size_t i = 0; is_root() && i < n + p->has_name; i++)
        PT_TRY(pt_alloc(&p->all[i], round, pt_array_row_bytes(&p->array[i])));
    return PT_OK;
}

static void take_output(void *context, int32_t task, const pt_real_t *output)
{
    predict_t *p = context;
    const pt_task_info_t *info = &p->trained.found.interface.task[task].info;
    int64_t pixels = pt_task_is_map(info) ? info->height * info->width : 1;
    pt_answer(&p->trained.objective[task], p->is_raw, p->microbatch * pixels, output,
              p->mine + p->first[task]);
}

/* Rows of a microbatch that there are. */
static int64_t rows_of(const predict_t *p, int64_t unit)
{
    int64_t left = pt_inputs_n(p->inputs) - unit * p->microbatch;
    return left < 0 ? 0 : left < p->microbatch ? left : p->microbatch;
}

static pt_status_t run_unit(predict_t *p, int64_t unit)
{
    const int64_t *hwc = p->trained.found.interface.input.hwc;
    int64_t n = rows_of(p, unit), values = hwc[0] * hwc[1] * hwc[2];
    if (n == 0)
        return PT_OK;
    memset(p->input + n * values, 0,
           (size_t)((p->microbatch - n) * values) * sizeof *p->input);
    PT_TRY(pt_inputs_read(p->inputs, unit * p->microbatch, n, p->input));
    pt_inference_run(p->trained.network, p->input, take_output, p);
    return PT_OK;
}

/* Names are rank 0's own to know. */
static void fill_names(predict_t *p, int64_t first, int64_t n)
{
    size_t bytes = (size_t)p->array[p->n_array].text_bytes;
    char *to = p->all[p->n_array];
    for (int64_t i = 0; p->has_name && i < n; i++)
        strncpy(to + (size_t)i * bytes, pt_inputs_name(p->inputs, first + i), bytes);
}

/* Rows first .. first + n - 1, of all ranks.  Collective. */
static pt_status_t collect(predict_t *p, int64_t unit, size_t *bytes)
{
    pt_comm_t *world = pt_comm_world();
    int64_t n = 0;
    for (int32_t r = 0; r < pt_comm_size(world); r++)
        n += rows_of(p, unit + r);
    for (int32_t i = 0; i < p->n_array; i++) {
        for (int32_t r = 0; r < pt_comm_size(world); r++)
            bytes[r] = (size_t)rows_of(p, unit + r) * pt_array_row_bytes(&p->array[i]);
        PT_TRY(pt_comm_gather(world, p->mine[i], p->all[i], bytes, 0));
    }
    pt_status_t status = PT_OK;
    if (is_root()) {
        fill_names(p, unit * p->microbatch, n);
        status = pt_arrays_put(p->out, n, (const void *const *)p->all);
    }
    return pt_comm_agree(world, status);
}

static pt_status_t run_all(predict_t *p)
{
    pt_comm_t *world = pt_comm_world();
    int64_t n = pt_inputs_n(p->inputs);
    int32_t size = pt_comm_size(world);
    size_t *bytes = NULL;
    pt_status_t status = pt_alloc(&bytes, (size_t)size, sizeof *bytes);
    PT_TRY_OR(done, pt_comm_agree(world, status));
    for (int64_t unit = 0; unit * p->microbatch < n; unit += size) {
        char line[64];
        status = run_unit(p, unit + pt_comm_rank(world));
        PT_TRY_OR(done, pt_comm_agree(world, status));
        PT_TRY_OR(done, collect(p, unit, bytes));
        snprintf(line, sizeof line, "predict: %lld of %lld",
                 (long long)(unit * p->microbatch), (long long)n);
        if (is_root() && pt_console_is_live())
            pt_console_live(line);
    }
done:
    pt_free(bytes);
    return status;
}

static void release(predict_t *p)
{
    for (int32_t i = 0; p->mine != NULL && i < p->n_array; i++)
        pt_free(p->mine[i]);
    for (int32_t i = 0; p->all != NULL && i <= p->n_array; i++)
        pt_free(p->all[i]);
    pt_free(p->mine);
    pt_free(p->all);
    pt_free(p->input);
    pt_free(p->first);
    pt_free(p->array);
    pt_inputs_close(p->inputs);
    pt_trained_close(&p->trained);
}

/* All ranks must have found the same inputs. */
static pt_status_t open_inputs(predict_t *p, const char *path,
                               const pt_inputs_options_t *options)
{
    PT_AGREE(pt_comm_world(),
             pt_inputs_open(path, options, &p->trained.found.interface.input, &p->inputs));
    int64_t n = pt_inputs_n(p->inputs);
    return pt_comm_check_equal(pt_comm_world(), "the number of inputs", &n, sizeof n);
}

static pt_status_t predict(predict_t *p, const char *path)
{
    pt_comm_t *world = pt_comm_world();
    pt_status_t status;
    PT_AGREE(world, describe_answers(p));
    PT_AGREE(world, make_room(p));
    status = is_root() ? pt_arrays_create(path, pt_inputs_n(p->inputs),
                                          p->n_array + p->has_name, p->array, &p->out)
                       : PT_OK;
    PT_AGREE(world, status);
    status = run_all(p);
    if (is_root())
        status = pt_arrays_finish(status, p->out);
    return pt_comm_agree(world, status);
}

static void say_filled(const predict_t *p, const int64_t *filled)
{
    enum { SHOWN = 6 };
    const pt_input_info_t *input = &p->trained.found.interface.input;
    pt_text_t text = {0};
    int64_t n_value = 0, n_feature = 0;
    for (int64_t c = 0; c < input->hwc[2]; c++) {
        n_value += filled[c];
        if (filled[c] == 0 || n_feature++ >= SHOWN)
            continue;
        pt_text_add(&text, "%s%lld of ", n_feature > 1 ? ", " : ": ", (long long)filled[c]);
        if (input->name != NULL)
            pt_text_add(&text, "'%s'", input->name[c].text);
        else
            pt_text_add(&text, "feature %lld", (long long)c + 1);
    }
    pt_console_line("filled      %lld value%s by the mean in the training%s%s",
                    (long long)n_value, pt_plural(n_value), pt_text_get(&text),
                    n_feature > SHOWN ? ", ..." : "");
    pt_text_release(&text);
}

/* How many values of each feature were filled in, on rank 0. */
static pt_status_t sum_filled(predict_t *p)
{
    const int64_t *mine = pt_inputs_filled(p->inputs);
    size_t n = (size_t)p->trained.found.interface.input.hwc[2];
    size_t n_rank = (size_t)pt_comm_size(pt_comm_world()), *bytes = NULL;
    int64_t *all = NULL;
    if (mine == NULL)
        return PT_OK;
    pt_status_t status = pt_alloc(&bytes, n_rank, sizeof *bytes);
    if (status == PT_OK)
        status = pt_alloc(&all, n * n_rank, sizeof *all);
    PT_TRY_OR(done, pt_comm_agree(pt_comm_world(), status));
    for (size_t r = 0; r < n_rank; r++)
        bytes[r] = n * sizeof *all;
    PT_TRY_OR(done, pt_comm_gather(pt_comm_world(), mine, all, bytes, 0));
    for (size_t i = n; is_root() && i < n * n_rank; i++)
        all[i % n] += all[i];
    if (is_root())
        say_filled(p, all);
done:
    pt_free(all);
    pt_free(bytes);
    return status;
}

static void say_done(const predict_t *p, const char *inputs, const char *out)
{
    int32_t n_task = p->trained.found.interface.n_task;
    pt_split_t split = pt_inputs_split(p->inputs);
    pt_console_line("inputs      %s%s%s, %lld for %d task%s", inputs,
                    split == PT_N_SPLIT ? "" : ", ",
                    split == PT_N_SPLIT ? "" : pt_split_name(split),
                    (long long)pt_inputs_n(p->inputs), (int)n_task, pt_plural(n_task));
    pt_console_line("written     %s", out);
}

static pt_status_t read_options(const pt_args_t *args, pt_inputs_options_t *options)
{
    const char *fill = args->flag[PREDICT_FILL];
    *options = (pt_inputs_options_t){
        .may_resize = args->flag[PREDICT_RESIZE] != NULL,
        .fills_mean = fill != NULL,
        .missing = {args->list[PREDICT_MISSING], args->n_list[PREDICT_MISSING]},
        .array = args->flag[PREDICT_INPUTS],
        .talk.say = is_root() ? pt_console_say : NULL};
    if (fill != NULL && strcmp(fill, "mean") != 0)
        PT_FAIL(USAGE, "--fill %s: expected mean", fill);
    return pt_args_split(args->flag[PREDICT_SPLIT], &options->split);
}

pt_status_t pt_cmd_predict(const pt_args_t *args, int *code)
{
    predict_t *p = NULL;
    const char *out = args->flag[PREDICT_OUTPUT], *inputs = args->word[1];
    pt_inputs_options_t options;
    pt_status_t status;
    (void)code;
    if (out == NULL)
        PT_FAIL(USAGE, "-o OUT is missing: the file of the answers");
    PT_TRY(pt_arrays_check(out, 0, NULL));
    PT_TRY(read_options(args, &options));
    status = is_root() ? pt_make_begin(out, args->flag[PREDICT_FORCE] != NULL) : PT_OK;
    PT_AGREE(pt_comm_world(), status);
    PT_AGREE(pt_comm_world(), pt_alloc(&p, 1, sizeof *p));
    p->is_raw = args->flag[PREDICT_LOGITS] != NULL;
    PT_TRY_OR(done, pt_trained_open(args->word[0], args, &p->trained));
    p->microbatch = p->trained.config.train.microbatch;
    PT_TRY_OR(done, open_inputs(p, inputs, &options));
    PT_TRY_OR(done, predict(p, out));
    PT_TRY_OR(done, sum_filled(p));
    if (is_root())
        say_done(p, inputs, out);
done:
    release(p);
    pt_free(p);
    return status;
}
