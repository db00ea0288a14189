/** @file
 * The table of subcommands.
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include <stdbool.h>

#include "app/args.h"

enum { PT_EXIT_DONE = 0, PT_EXIT_ERROR = 1, PT_EXIT_USAGE = 2, PT_EXIT_STOPPED = 75 };

/** One subcommand; its name may be several words. */
typedef struct pt_command {
    const char *name;
    const char *usage; /**< what stands behind the name */
    const char *help;  /**< first line: one sentence; then, if wanted, more */
    const pt_flag_t *flags;
    int min_word, max_word;
    bool on_all_ranks; /**< MPI is started; else the first process alone runs it */
    /** `*code` is PT_EXIT_DONE at first; it counts where the status is PT_OK. */
    pt_status_t (*run)(const pt_args_t *args, int *code);
} pt_command_t;

/** Ends with a NULL name. */
extern const pt_command_t pt_commands[];

/** Flags of commands that have none. */
extern const pt_flag_t pt_no_flags[];

pt_status_t pt_cmd_import_omniglot(const pt_args_t *args, int *code);
pt_status_t pt_cmd_import_idx(const pt_args_t *args, int *code);
pt_status_t pt_cmd_import_nyuv2(const pt_args_t *args, int *code);
pt_status_t pt_cmd_import_cityscapes(const pt_args_t *args, int *code);
pt_status_t pt_cmd_import_csv(const pt_args_t *args, int *code);
pt_status_t pt_cmd_import_npz(const pt_args_t *args, int *code);
pt_status_t pt_cmd_import_images(const pt_args_t *args, int *code);
pt_status_t pt_cmd_shapes(const pt_args_t *args, int *code);
pt_status_t pt_cmd_scenes(const pt_args_t *args, int *code);
pt_status_t pt_cmd_data_info(const pt_args_t *args, int *code);
pt_status_t pt_cmd_data_check(const pt_args_t *args, int *code);
pt_status_t pt_cmd_data_seal(const pt_args_t *args, int *code);
pt_status_t pt_cmd_data_repack(const pt_args_t *args, int *code);
pt_status_t pt_cmd_checkpoint_verify(const pt_args_t *args, int *code);
pt_status_t pt_cmd_checkpoint_inspect(const pt_args_t *args, int *code);
pt_status_t pt_cmd_init(const pt_args_t *args, int *code);
pt_status_t pt_cmd_search(const pt_args_t *args, int *code);
pt_status_t pt_cmd_sweep(const pt_args_t *args, int *code);
pt_status_t pt_cmd_report(const pt_args_t *args, int *code);
pt_status_t pt_cmd_status(const pt_args_t *args, int *code);
pt_status_t pt_cmd_choose(const pt_args_t *args, int *code);
pt_status_t pt_cmd_extend(const pt_args_t *args, int *code);
pt_status_t pt_cmd_export(const pt_args_t *args, int *code);
pt_status_t pt_cmd_affinity(const pt_args_t *args, int *code);
pt_status_t pt_cmd_predict(const pt_args_t *args, int *code);
pt_status_t pt_cmd_eval(const pt_args_t *args, int *code);
pt_status_t pt_cmd_show(const pt_args_t *args, int *code);
pt_status_t pt_cmd_plan(const pt_args_t *args, int *code);
pt_status_t pt_cmd_version(const pt_args_t *args, int *code);
pt_status_t pt_cmd_help(const pt_args_t *args, int *code);

extern const pt_flag_t pt_flags_init[], pt_flags_search[], pt_flags_choose[],
    pt_flags_affinity[], pt_flags_extend[], pt_flags_sweep[], pt_flags_eval[],
    pt_flags_predict[], pt_flags_export[], pt_flags_report[], pt_flags_show[],
    pt_flags_plan[];
extern const pt_flag_t pt_flags_import_omniglot[], pt_flags_import_idx[], pt_flags_shapes[],
    pt_flags_repack[], pt_flags_scenes[], pt_flags_import_nyuv2[],
    pt_flags_import_cityscapes[], pt_flags_import_csv[], pt_flags_import_npz[],
    pt_flags_import_images[];

#endif
