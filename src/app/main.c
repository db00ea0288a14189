/* The program: finds the subcommand, starts MPI where it needs ranks, reports errors. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/console.h"
#include "app/crash.h"
#include "app/completion.h"
#include "app/man.h"
#include "app/watch.h"
#include "polytree/base/text.h"
#include "polytree/config/config.h"
#include "polytree/par/comm.h"
#include "polytree/par/par.h"

/* This process's number as its launcher gives it, known before MPI starts; -1 without. */
static long launched_as(void)
{
    static const char *const variable[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK",
                                           "SLURM_PROCID"};
    for (size_t i = 0; i < sizeof variable / sizeof variable[0]; i++) {
        const char *text = getenv(variable[i]);
        if (text != NULL)
            return strtol(text, NULL, 10);
    }
    return -1;
}

static bool is_first_process(void)
{
    return launched_as() <= 0;
}

/* Words of argv that make up the whole name of a command; 0 where they do not. */
static int match_words(const char *name, int argc, char **argv)
{
    int n = 0;
    while (*name != '\0') {
        size_t len = strcspn(name, " ");
        if (n == argc || strlen(argv[n]) != len || strncmp(argv[n], name, len) != 0)
            return 0;
        name += len + (name[len] == ' ');
        n++;
    }
    return n;
}

static const pt_command_t *find_command(int argc, char **argv, int *n_word)
{
    for (const pt_command_t *c = pt_commands; c->name != NULL; c++) {
        *n_word = match_words(c->name, argc, argv);
        if (*n_word > 0)
            return c;
    }
    return NULL;
}

/* The first n words, or as many as there are, with blanks between them. */
static void join_words(int argc, char **argv, int n, char *text, size_t size)
{
    pt_text_t out = pt_text_in(text, size);
    for (int i = 0; i < argc && i < n && argv[i][0] != '-'; i++)
        pt_text_add(&out, "%s%s", i > 0 ? " " : "", argv[i]);
}

/* Commands whose names begin with these words; 0 where there are none or no words. */
static int list_commands(int argc, char **argv, FILE *file)
{
    char given[128];
    int n = 0;
    join_words(argc, argv, PT_ARGS_MAX_WORD, given, sizeof given);
    size_t len = strlen(given);
    for (const pt_command_t *c = pt_commands; len > 0 && c->name != NULL; c++) {
        if (strncmp(c->name, given, len) != 0 || c->name[len] != ' ')
            continue;
        if (n++ == 0 && file != NULL)
            fprintf(file, "polytree %s is one of:\n\n", given);
        if (file != NULL)
            fprintf(file, "  polytree %-20s %.*s\n", c->name, (int)strcspn(c->help, "\n"),
                    c->help);
    }
    return n;
}

static pt_status_t unknown_command(int argc, char **argv)
{
    char given[128];
    const char *near = "";
    int nearest = 1 << 30, near_words = 1;
    for (const pt_command_t *c = pt_commands; c->name != NULL; c++) {
        int n_word = 1;
        for (const char *at = c->name; *at != '\0'; at++)
            n_word += *at == ' ';
        join_words(argc, argv, n_word, given, sizeof given);
        int32_t distance = pt_edit_distance(given, strlen(given), c->name, strlen(c->name));
        if (distance < nearest) {
            nearest = distance;
            near = c->name;
            near_words = n_word;
        }
    }
    join_words(argc, argv, near_words, given, sizeof given);
    if (!pt_is_near(nearest, strlen(given), strlen(near)))
        PT_FAIL(USAGE, "unknown command '%s' (polytree --help lists all)",
                given[0] != '\0' ? given : argv[0]);
    PT_FAIL(USAGE, "unknown command '%s'; the nearest is '%s' (polytree --help lists all)",
            given[0] != '\0' ? given : argv[0], near);
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static void print_help(FILE *file)
{
    fputs("polytree searches the network that serves a set of tasks.\n\nusage: ", file);
    fputs("polytree COMMAND ...     or under mpirun -n P / srun\n\n", file);
    for (const pt_command_t *c = pt_commands; c->name != NULL; c++)
        fprintf(file, "  %-22s %.*s\n", c->name, (int)strcspn(c->help, "\n"), c->help);
    fputs("\npolytree COMMAND --help says more; polytree help options lists what a "
          "config may hold.\nexit codes: 0 done, 1 error, 2 usage, 75 stopped with a good "
          "checkpoint\n",
          file);
}

static void print_command_help(const pt_command_t *command)
{
    printf("usage: polytree %s %s\n\n%s\n", command->name, command->usage, command->help);
    if (command->flags[0].name != NULL)
        putchar('\n');
    pt_args_help(command->flags, stdout);
}

pt_status_t pt_cmd_help(const pt_args_t *args, int *code)
{
    int n_word;
    const pt_command_t *command;
    (void)code;
    if (args->n_word == 0) {
        print_help(stdout);
        return PT_OK;
    }
    if (args->n_word <= 2 && strcmp(args->word[0], "options") == 0) {
        const char *which = args->n_word == 2 ? args->word[1] : NULL;
        if (!pt_config_help(which, stdout))
            PT_FAIL(USAGE, "no section or option '%s'; `polytree help options` lists all",
                    which);
        return PT_OK;
    }
    if (args->n_word == 1 && strcmp(args->word[0], "man") == 0) {
        pt_man_write(stdout);
        return PT_OK;
    }
    if (args->n_word == 1 && strcmp(args->word[0], "completion") == 0) {
        pt_completion_write(stdout);
        return PT_OK;
    }
    command = find_command(args->n_word, (char **)(uintptr_t)args->word, &n_word);
    if (command == NULL &&
        list_commands(args->n_word, (char **)(uintptr_t)args->word, stdout))
        return PT_OK;
    if (command == NULL)
        return unknown_command(args->n_word, (char **)(uintptr_t)args->word);
    print_command_help(command);
    return PT_OK;
}

/* Ranks of different commands would wait for each other for ever. */
static pt_status_t check_command_lines(int argc, char **argv)
{
    pt_text_t text = {0};
    for (int i = 0; i < argc; i++)
        pt_text_add_bytes(&text, argv[i], strlen(argv[i]) + 1);
    pt_status_t status = pt_comm_agree(pt_comm_world(), text.status);
    if (status == PT_OK)
        status =
            pt_comm_check_equal(pt_comm_world(), "the command line", text.data, text.n);
    pt_text_release(&text);
    return status == PT_E_MISMATCH ? PT_ERROR(USAGE, "%s", pt_error_message()) : status;
}

/* `status` is what became of the words; a rank that could not read them tells the others.
 */
static int run_on_all_ranks(const pt_command_t *command, const pt_args_t *args, int argc,
                            char **argv, pt_status_t status)
{
    int code = PT_EXIT_DONE, mpi_argc = argc;
    char **mpi_argv = argv;
    pt_status_t equal;
    if (pt_par_start(&mpi_argc, &mpi_argv) != PT_OK) {
        pt_print_failure();
        pt_par_abort(PT_EXIT_ERROR);
    }
    if (pt_comm_rank(pt_comm_world()) == 0)
        pt_console_take_log();
    if (pt_comm_size(pt_comm_world()) > 1)
        crash_name(pt_comm_rank(pt_comm_world()));
    equal = pt_watch_begin();
    if (equal == PT_OK)
        equal = check_command_lines(argc, argv);
    if (equal != PT_OK)
        return pt_watch_finish(equal, code);
    if (status == PT_OK)
        status = command->run(args, &code);
    return pt_watch_finish(status, code);
}

static int run_alone(const pt_command_t *command, const pt_args_t *args)
{
    int code = PT_EXIT_DONE;
    pt_status_t status;
    if (!is_first_process())
        return PT_EXIT_DONE;
    pt_console_take_log();
    status = command->run(args, &code);
    if (status != PT_OK)
        pt_print_failure();
    if (status == PT_E_USAGE)
        return PT_EXIT_USAGE;
    return status != PT_OK ? PT_EXIT_ERROR : code;
}

int main(int argc, char **argv)
{
    static char version[] = "version", help[] = "help";
    int n_word = 0;
    const pt_command_t *command;
    pt_args_t args;
    pt_status_t status;

    crash_catch();
    /* A limit of a file's size is an error like that of the disk. */
    signal(SIGXFSZ, SIG_IGN);
    argc--;
    argv++;
    if (argc == 0) {
        if (is_first_process())
            print_help(stderr);
        return PT_EXIT_USAGE;
    }
    if (strcmp(argv[0], "--version") == 0)
        argv[0] = version;
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        argv[0] = help;
    command = find_command(argc, argv, &n_word);
    if (command == NULL && list_commands(argc, argv, NULL) > 0) {
        bool is_asked = wants_help(argc, argv);
        if (is_first_process())
            list_commands(argc, argv, is_asked ? stdout : stderr);
        return is_asked ? PT_EXIT_DONE : PT_EXIT_USAGE;
    }
    if (command == NULL) {
        status = unknown_command(argc, argv);
    } else if (wants_help(argc - n_word, argv + n_word)) {
        if (is_first_process())
            print_command_help(command);
        return PT_EXIT_DONE;
    } else {
        status = pt_args_parse(argc - n_word, argv + n_word, command->flags,
                               command->max_word, &args);
        if (status == PT_OK && args.n_word < command->min_word)
            status = PT_ERROR(USAGE, "too few arguments: polytree %s %s", command->name,
                              command->usage);
    }
    if (command != NULL ? command->on_all_ranks && (status == PT_OK || launched_as() >= 0)
                        : launched_as() >= 0)
        return run_on_all_ranks(command, &args, argc, argv, status);
    if (status == PT_OK)
        return run_alone(command, &args);
    if (is_first_process())
        pt_print_failure();
    return PT_EXIT_USAGE;
}
