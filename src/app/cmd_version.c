/* polytree version: what this program was made of, and the programs that draw for it. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "app/command.h"
#include "app/console.h"
#include "polytree/base/base_library.h"
#include "polytree/io/io_library.h"
#include "polytree/kernel/kernel.h"
#include "polytree/linalg/matrix.h"
#include "polytree/par/par.h"

/* The first line that a shell command prints; "not installed" where it fails. */
static void ask_program(const char *command, char *text, size_t size)
{
    FILE *pipe = popen(command, "r");
    char rest[256];
    text[0] = '\0';
    if (pipe != NULL) {
        if (fgets(text, (int)size, pipe) == NULL)
            text[0] = '\0';
        while (fgets(rest, sizeof rest, pipe) != NULL)
            continue;
        int how = pclose(pipe);
        if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
            text[0] = '\0';
    }
    text[strcspn(text, "\n")] = '\0';
    if (text[0] == '\0')
        snprintf(text, size, "not installed");
}

static void print_programs(void)
{
    char text[128];
    const char *version;
    ask_program("dot -V 2>&1", text, sizeof text);
    version = strstr(text, "version ");
    pt_console_line("  pictures  Graphviz %s", version != NULL ? version + 8 : text);
}

pt_status_t pt_cmd_version(const pt_args_t *args, int *code)
{
    pt_kernel_t kernel;
    (void)args;
    (void)code;
    pt_console_line("polytree %s", PT_VERSION);
    pt_console_line("  mpi       %s", pt_par_library());
    for (int32_t i = 0; pt_kernel_library(i) != NULL; i++)
        pt_console_line("  kernel    %s", pt_kernel_library(i));
    for (int32_t i = 0; pt_io_library(i) != NULL; i++)
        pt_console_line("  file      %s", pt_io_library(i));
    for (int32_t i = 0; pt_base_library(i) != NULL; i++)
        pt_console_line("  base      %s", pt_base_library(i));
    pt_console_line("  dense     %s",
                    pt_grid_is_there() ? "ScaLAPACK" : "no ScaLAPACK, so no task affinity");
    print_programs();
    PT_TRY(pt_kernel_init(&kernel, PT_BACKEND_AUTO, PT_ISA_NATIVE, 1));
    pt_console_line("  backend   %s on %s", pt_backend_name(kernel.backend),
                    pt_isa_name(kernel.isa));
    pt_kernel_release(&kernel);
    return PT_OK;
}
