/* What all commands that make a data set do: numbers of theirs, before the work, after it.
 */
#include "app/make_data.h"

#include <signal.h>
#include <stddef.h>

#include "app/console.h"
#include "polytree/io/dataset.h"
#include "polytree/io/file.h"

pt_status_t pt_make_number(const pt_args_t *args, const pt_flag_t *flags, int flag,
                           int64_t min, int64_t max, int64_t fallback, int64_t *out)
{
    return pt_args_int(flags[flag].name, args->flag[flag], min, max, fallback, out);
}

pt_status_t pt_make_seed(const pt_args_t *args, const pt_flag_t *flags, int flag,
                         uint64_t *out)
{
    int64_t seed;
    PT_TRY(pt_make_number(args, flags, flag, 0, (int64_t)1 << 53, 1, &seed));
    *out = (uint64_t)seed;
    return PT_OK;
}

static void end_by_signal(int number)
{
    pt_file_abandon();
    signal(number, SIG_DFL);
    raise(number);
}

pt_status_t pt_make_begin(const char *out, bool has_force)
{
    static const int ends[] = {SIGTERM, SIGINT, SIGHUP};
    const struct sigaction action = {.sa_handler = end_by_signal};
    struct sigaction before;
    if (!has_force && pt_path_exists(out))
        PT_FAIL(IO, "%s is there already: --force replaces it", out);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(ends[i], &action, NULL);
    return PT_OK;
}

pt_status_t pt_make_end(const char *path)
{
    pt_console_line("wrote %s", path);
    return pt_dataset_info(path, stdout);
}
