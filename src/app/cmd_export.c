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

enum { EXPORT_FOLD, EXPORT_INPUT, EXPORT_FORCE, EXPORT_SET };
const pt_flag_t pt_flags_export[] = {
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

static pt_status_t write_onnx(const pt_args_t *args, const pt_trained_t *t,
                              const char *path)
{
    pt_onnx_options_t options = {.is_folded = args->flag[EXPORT_FOLD] != NULL};
    pt_text_t text = {0};
    PT_TRY(read_input(args->flag[EXPORT_INPUT], t, &options.takes_bytes));
    pt_status_t status = pt_onnx_text(&t->found, t->network, &options, &text);
    if (status == PT_OK)
        status = pt_file_write_text(path, &text);
    else
        pt_text_release(&text);
    if (status == PT_OK)
        pt_console_line("written     %s", path);
    return status;
}

pt_status_t pt_cmd_export(const pt_args_t *args, int *code)
{
    pt_comm_t *world = pt_comm_world();
    const char *onnx = args->word[1];
    bool is_root = pt_comm_rank(world) == 0;
    pt_trained_t *t = NULL;
    pt_status_t status = PT_OK;
    (void)code;
    if (is_root)
        status = pt_make_begin(onnx, args->flag[EXPORT_FORCE] != NULL);
    PT_AGREE(world, status);
    PT_AGREE(world, pt_alloc(&t, 1, sizeof *t));
    PT_TRY_OR(done, pt_trained_open(args->word[0], args, t));
    status = is_root ? write_onnx(args, t, onnx) : PT_OK;
    PT_TRY_OR(done, pt_comm_agree(world, status));
done:
    pt_trained_close(t);
    pt_free(t);
    return status;
}
