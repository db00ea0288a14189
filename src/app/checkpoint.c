/* polytree checkpoint ... and polytree version. */
#include "app/command.h"
#include "app/console.h"
#include "polytree/io/checkpoint.h"
#include "polytree/io/library.h"
#include "polytree/kernel/kernel.h"
#include "polytree/par/library.h"

pt_status_t pt_run_checkpoint_verify(const pt_args_t *args, int *code)
{
    pt_checkpoint_t checkpoint;
    pt_status_t status;
    (void)code;
    pt_checkpoint_init(&checkpoint);
    PT_TRY_OR(done, pt_checkpoint_read(&checkpoint, args->word[0]));
    pt_console_line("%s is whole: %d records, payload %s", args->word[0],
                    (int)checkpoint.n_record, checkpoint.digest);
done:
    pt_checkpoint_release(&checkpoint);
    return status;
}

pt_status_t pt_run_checkpoint_inspect(const pt_args_t *args, int *code)
{
    (void)code;
    return pt_checkpoint_inspect(args->word[0], stdout);
}

pt_status_t pt_run_version(const pt_args_t *args, int *code)
{
    pt_kernel_t kernel;
    (void)args;
    (void)code;
    pt_console_line("polytree %s", PT_VERSION);
    pt_console_line("  mpi       %s", pt_par_library());
    for (int32_t i = 0; pt_io_library(i) != NULL; i++)
        pt_console_line("  file      %s", pt_io_library(i));
    for (int32_t i = 0; pt_kernel_library(i) != NULL; i++)
        pt_console_line("  kernel    %s", pt_kernel_library(i));
    PT_TRY(pt_kernel_init(&kernel, PT_BACKEND_AUTO, PT_ISA_NATIVE, 1));
    pt_console_line("  backend   %s on %s", pt_backend_name(kernel.backend),
                    pt_isa_name(kernel.isa));
    pt_kernel_release(&kernel);
    return PT_OK;
}
