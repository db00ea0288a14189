/* polytree init: a config that fits a data set. */
#include <string.h>

#include "app/command.h"
#include "app/console.h"
#include "app/draft.h"
#include "app/session.h"
#include "polytree/io/file.h"

enum { INIT_OUT, INIT_FORCE };
const pt_flag_t pt_flags_init[] = {
    {"out", 'o', "CONFIG.ini", "where to write it"},
    {"force", 0, NULL, "replace CONFIG.ini where it is there already"},
    {0}};

static pt_status_t write_draft(const pt_session_t *s, const char *out)
{
    pt_text_t text = {0};
    pt_config_t config;
    PT_TRY(pt_draft_config(s->dataset, s->config.data.file, &text));
    PT_TRY(pt_file_write_text(out, &text));
    pt_config_init(&config);
    PT_TRY(pt_config_read(&config, out));
    PT_TRY(pt_config_check(&config));
    pt_console_line("wrote %s: `polytree search %s -o RUN` runs it", out, out);
    return PT_OK;
}

pt_status_t pt_cmd_init(const pt_args_t *args, int *code)
{
    const char *out = args->flag[INIT_OUT], *file = args->word[0];
    pt_session_t s = {.node = NULL};
    pt_status_t status = PT_OK;
    (void)code;
    if (out == NULL)
        PT_FAIL(USAGE, "where to? -o CONFIG.ini is missing");
    if (args->flag[INIT_FORCE] == NULL && pt_path_exists(out))
        PT_FAIL(IO, "%s is there already: --force replaces it", out);
    pt_config_init(&s.config);
    if (strlen(file) >= sizeof s.config.data.file)
        PT_FAIL(USAGE, "%.64s...: too long a name", file);
    strcpy(s.config.data.file, file);
    s.config.data.cache = PT_CACHE_NONE;
    PT_TRY_OR(done, pt_session_open_data(&s));
    if (pt_comm_rank(pt_comm_world()) == 0)
        status = write_draft(&s, out);
    PT_TRY_OR(done, pt_comm_agree(pt_comm_world(), status));
done:
    pt_session_close(&s);
    return status;
}
