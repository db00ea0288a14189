/* polytree checkpoint: whether one is whole, and what is in it. */
#include "app/command.h"
#include "app/console.h"
#include "polytree/io/checkpoint.h"

pt_status_t pt_cmd_checkpoint_verify(const pt_args_t *args, int *code)
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

pt_status_t pt_cmd_checkpoint_inspect(const pt_args_t *args, int *code)
{
    (void)code;
    return pt_checkpoint_inspect(args->word[0], stdout);
}
