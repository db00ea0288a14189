/* polytree export: the network of a run for other programs. */
#include <string.h>

#include "app/command.h"
#include "app/console.h"
#include "app/make_data.h"
#include "app/trained.h"
#include "polytree/base/memory.h"
#include "polytree/io/file.h"
#include "polytree/par/comm.h"
#include "polytree/record/onnx.h"
#include "polytree/record/safetensors.h"

enum { EXPORT_SAFETENSORS, EXPORT_FOLD, EXPORT_INPUT, EXPORT_FORCE, EXPORT_SET };
const pt_flag_t pt_flags_export[] = {
    {"safetensors", 0, "OUT", "write its weights and statistics, with or without a graph"},
    {"fold", 0, NULL, "put batch norms into the layers before them"},
    {"input", 0, "uint8|float32", "what the input is of (as the data set has it)"},
    {"force", 0, NULL, "replace what is there already"},
    {"set", 0, "key=value", "options over those of the run"},
    {0}};

/* Bytes stand for 0 to 1, which floats are then. */
static pt_status_t read_input(const char *text, const pt_trained_t *t, bool *takes_bytes)
{
    bool is_byte = t->found.interface.input.is_byte;
    *takes_bytes = text == NULL ? is_byte : strcmp(text, "uint8") == 0;
    if (text != NULL && !*takes_bytes && strcmp(text, "float32") != 0)
        PT_FAIL(USAGE, "--input %s: expected uint8 or float32", text);
    if (*takes_bytes && !is_byte)
        PT_FAIL(USAGE, "--input uint8: the network was trained on floats");
    return PT_OK;
}

static pt_status_t form_onnx(const pt_args_t *args, const pt_trained_t *t, pt_text_t *text)
{
    pt_onnx_options_t options = {.is_folded = args->flag[EXPORT_FOLD] != NULL};
    PT_TRY(read_input(args->flag[EXPORT_INPUT], t, &options.takes_bytes));
    return pt_onnx_text(&t->found, t->network, &options, text);
}

static pt_status_t form_safetensors(const pt_args_t *args, const pt_trained_t *t,
                                    pt_text_t *text)
{
    (void)args;
    return pt_safetensors_text(t->found.space, t->network, text);
}

/* Nothing is done where `path` is NULL. */
static pt_status_t write_file(const pt_args_t *args, const pt_trained_t *t,
                              pt_status_t (*form)(const pt_args_t *args,
                                                  const pt_trained_t *t, pt_text_t *text),
                              const char *path)
{
    pt_text_t text = {0};
    if (path == NULL)
        return PT_OK;
    pt_status_t status = form(args, t, &text);
    if (status == PT_OK)
        status = pt_file_write_text(path, &text);
    else
        pt_text_release(&text);
    if (status == PT_OK)
        pt_console_line("written     %s", path);
    return status;
}

static pt_status_t begin(const char *path, bool may_replace)
{
    return path != NULL ? pt_make_begin(path, may_replace) : PT_OK;
}

static pt_status_t write_all(const pt_args_t *args, const pt_trained_t *t)
{
    const char *onnx = args->n_word > 1 ? args->word[1] : NULL;
    PT_TRY(write_file(args, t, form_onnx, onnx));
    return write_file(args, t, form_safetensors, args->flag[EXPORT_SAFETENSORS]);
}

pt_status_t pt_cmd_export(const pt_args_t *args, int *code)
{
    pt_comm_t *world = pt_comm_world();
    const char *tensors = args->flag[EXPORT_SAFETENSORS];
    bool is_root = pt_comm_rank(world) == 0, has_force = args->flag[EXPORT_FORCE] != NULL;
    pt_trained_t *t = NULL;
    pt_status_t status = PT_OK;
    (void)code;
    if (args->n_word < 2 && tensors == NULL)
        PT_FAIL(USAGE, "OUT.onnx or --safetensors OUT is missing: what to write");
    if (is_root)
        status = begin(args->n_word > 1 ? args->word[1] : NULL, has_force);
    if (is_root && status == PT_OK)
        status = begin(tensors, has_force);
    PT_AGREE(world, status);
    PT_AGREE(world, pt_alloc(&t, 1, sizeof *t));
    PT_TRY_OR(done, pt_trained_open(args->word[0], args, t));
    status = is_root ? write_all(args, t) : PT_OK;
    PT_TRY_OR(done, pt_comm_agree(world, status));
done:
    pt_trained_close(t);
    pt_free(t);
    return status;
}
