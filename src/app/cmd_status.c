/* polytree status: how a run or a sweep stands. */
#include "app/command.h"
#include "app/console.h"
#include "polytree/study/standing.h"

pt_status_t pt_cmd_status(const pt_args_t *args, int *code)
{
    pt_text_t text = {0};
    (void)code;
    pt_status_t status = pt_standing_describe(args->word[0], &text);
    pt_console_text(&text);
    pt_text_release(&text);
    return status;
}
