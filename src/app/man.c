/* Writing the man page from the tables of commands and options. */
#include "app/man.h"

#include <string.h>

#include "app/command.h"
#include "polytree/config/config.h"
#include "polytree/record/run_file.h"

/* A term and what it means. */
typedef struct entry {
    const char *term, *text;
} entry_t;

static const char *const about[] = {
    "polytree searches, for a set of tasks, the network that serves them all: which "
    "features are shared, which are private, and through which graph each task's data "
    "flows.  It runs alone or under MPI; the number of ranks and how they are arranged "
    "never change a bit of the result.",
    "There are two spaces: `dag`, a graph of nodes and edges in which each task has gates "
    "of its own, and `branch`, an encoder whose layers exist in several copies of which "
    "each task chooses one.",
    NULL};

static const char *const of_config[] = {
    "A config is an INI file.  Every option is called section.key, in the file a key below "
    "its [section], on the command line an argument of --set.  Text behind a blank and a "
    "semicolon is a comment, and so is a line that begins with a number sign.  Lines that "
    "begin with a blank go on with the value above.  "
    "Options that are not named have their defaults; the run's own config.ini shows all.",
    "The preset that run.preset names is applied first, then the file, then --set in the "
    "order given.  The file that space.encoder names has one section, [encoder], which is "
    "read in its place; some are in share/polytree/configs/encoders.  A section "
    "[task.NAME] is about one task of the data set.",
    "A run goes on only with the options it began with, apart from those that are marked "
    "free on resume.",
    NULL};

static const char *const of_encoder[] = {
    "The [encoder] of a branch space has the line `stem` and, below `layers`, one line for "
    "each layer l01, l02, ..: an operation and what is said of it, as in "
    "`inverted_residual out=24 stride=2 expand=6`.  Keys: out (channels before "
    "space.width; "
    "else as many as before), stride (else 1), dilation, expand, kernel, separable.",
    "Operations are chains joined by `_`, as conv3x3_bn_relu, of convKxK, dwconvKxK "
    "(depthwise), linear, bn, relu, relu6, maxpoolKxK (which halves the size); or a block: "
    "inverted_residual (MobileNetV2; expand, kernel), basic (ResNet-18), bottleneck "
    "(ResNet-50; a quarter of the width inside), raspp (1x1 and image pooling), aspp "
    "(three "
    "dilated 3x3 too; separable=1).  Past space.output_stride strides become dilations.",
    NULL};

static const char *const of_resume[] = {
    "A run is stopped by SIGTERM, SIGUSR1, its time limit or a file RUN/STOP, which is "
    "made "
    "while it is at work (one that was there before is taken away at the start).  It then "
    "writes a checkpoint and ends with code 75.  The same command goes on from there, on "
    "any number of ranks, to exactly the result it would have had; after a crash it goes "
    "on from the last checkpoint, or from the one before where that is damaged.",
    "Under mpirun send SIGUSR1, which it passes on.  After SIGTERM or SIGINT it waits but "
    "a second or so, and ends with a code of its own; the run goes on all the same.",
    "A sweep does all that too; its file is SWEEP/STOP, whichever runs are at work.",
    "Several jobs may be at work on one sweep: each takes runs that none has.",
    "Under Slurm, `sbatch search.sbatch CONFIG.ini RUN` is the first command and every "
    "later one (the script is in share/polytree/jobs): before its time is up or when it is "
    "preempted it stops the run and puts itself back into the queue, and after a rank or a "
    "node is lost it goes on on those that are left.  sweep.sbatch does so with a sweep; "
    "eval.sbatch scores a run.  Each shows with --help how it is used.",
    NULL};

static const entry_t codes[] = {
    {"0", "done"},
    {"1", "error; one line on stderr says what, where, and what was expected"},
    {"2", "wrong usage, or an option given on the command line is refused"},
    {"75", "stopped with a good checkpoint: the same command goes on"},
    {0}};

static const entry_t variables[] = {
    {"POLYTREE_TRACE", "if set, an error is followed by the calls that led to it"},
    {"POLYTREE_HOLD, POLYTREE_SLOW",
     "for tests: `search 12` holds a run after that weight step until RUN/HELD is taken "
     "away; 20 lets every step take so many times as long"},
    {"POLYTREE_STOP",
     "a file that stops this job alone once it is there, as RUN/STOP does"},
    {"POLYTREE_PATIENCE",
     "seconds that ranks wait for one that failed or fell silent, before "
     "they end the run; 0 = for ever (6)"},
    {"OPENBLAS_CORETYPE",
     "read by OpenBLAS: the processor that its kernels are for, as "
     "SkylakeX or Haswell; worth "
     "setting where a run notes that the library takes a new processor, "
     "which it does not know, for an old one. Another value is another machine to the "
     "fingerprint that is compared on "
     "resume"},
    {"COLUMNS", "width of tables and progress where no terminal tells its own"},
    {"OMPI_COMM_WORLD_RANK, PMIX_RANK, PMI_RANK, SLURM_PROCID",
     "set by launchers: of several processes the first alone runs commands that need no "
     "ranks, and prints"},
    {"POLYTREE, POLYTREE_LAUNCH, POLYTREE_SRUN_MPI, POLYTREE_RETRIES, POLYTREE_NODES, "
     "POLYTREE_JOBS",
     "for the job scripts: the program, srun or mpirun, what srun --mpi is given, how "
     "often in a row to try without a step gained (3), the nodes of a job that is put "
     "back, and the folder of site.sh"},
    {0}};

static const entry_t examples[] = {
    {"polytree data shapes shapes.h5", "draw a small data set with three tasks"},
    {"polytree data check own.h5", "say what is wrong with a data set of one's own"},
    {"mpirun -n 4 polytree search CONFIG.ini -o RUN --set data.file=own.h5 run.seed=2",
     "search on four ranks; the same again, on any number, goes on"},
    {"polytree search CONFIG.ini -o RUN --time-limit 3:50:00",
     "stop in time for a queue's limit"},
    {"polytree plan CONFIG.ini --ranks 64", "say what that would cost"},
    {"polytree status RUN", "look at it from another terminal"},
    {"polytree search CONFIG.ini -o SHARED --set search.method=shared "
     "baseline.cost_of=RUN",
     "a network that all tasks share whole, as costly as the one found"},
    {"polytree sweep CONFIG.ini -o SWEEP",
     "methods x seeds, compared with standard errors"},
    {0}};

/* Roff's own signs as text; a line must not begin with a dot or a quote. */
static void put(const char *text, size_t n, FILE *file)
{
    for (size_t i = 0; i < n && text[i] != '\0'; i++) {
        bool begins_line = i == 0 || text[i - 1] == '\n';
        if (begins_line && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", file);
        switch (text[i]) {
        case '\\':
            fputs("\\e", file);
            break;
        case '-':
            fputs("\\-", file);
            break;
        case '`':
            fputs("\\(ga", file);
            break;
        case '\'':
            fputs("\\(aq", file);
            break;
        case '~':
            fputs("\\(ti", file);
            break;
        case '^':
            fputs("\\(ha", file);
            break;
        default:
            fputc(text[i], file);
        }
    }
}

static void put_all(const char *text, FILE *file)
{
    put(text, strlen(text), file);
}

static void put_paragraphs(const char *const *text, FILE *file)
{
    for (; *text != NULL; text++) {
        fputs(".PP\n", file);
        put_all(*text, file);
        fputc('\n', file);
    }
}

static void put_entry(const char *term, const char *text, FILE *file)
{
    fputs(".TP\n\\fB", file);
    put_all(term, file);
    fputs("\\fR\n", file);
    put_all(text, file);
    fputc('\n', file);
}

static void put_entries(const char *title, const entry_t *entry, FILE *file)
{
    fprintf(file, ".SH %s\n", title);
    for (; entry->term != NULL; entry++)
        put_entry(entry->term, entry->text, file);
}

static void put_files(FILE *file)
{
    fputs(".SH FILES\n", file);
    for (int i = 0; i < PT_N_FILE; i++) {
        char term[64];
        snprintf(term, sizeof term, "%s/%s",
                 pt_run_file_is_of_sweep((pt_run_file_t)i) ? "SWEEP" : "RUN",
                 pt_run_file_name((pt_run_file_t)i));
        put_entry(term, pt_run_file_about((pt_run_file_t)i), file);
    }
}

static void put_flags(const pt_flag_t *flags, FILE *file)
{
    for (; flags->name != NULL; flags++) {
        char term[128], letter[8] = "";
        if (flags->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", flags->letter);
        snprintf(term, sizeof term, "%s--%s%s%s", letter, flags->name,
                 flags->value != NULL ? " " : "", flags->value != NULL ? flags->value : "");
        put_entry(term, flags->help, file);
    }
}

/* Help has paragraphs between empty lines; roff breaks the lines by itself. */
static void put_command(const pt_command_t *command, FILE *file)
{
    fprintf(file, ".SS %s\n.B polytree ", command->name);
    put_all(command->name, file);
    fputc('\n', file);
    put_all(command->usage, file);
    fputs("\n.PP\n", file);
    for (const char *line = command->help; *line != '\0'; line += *line == '\n') {
        size_t n = strcspn(line, "\n");
        if (n == 0)
            fputs(".PP", file);
        put(line, n, file);
        fputc('\n', file);
        line += n;
    }
    put_flags(command->flags, file);
}

static void put_options(FILE *file)
{
    pt_option_help_t o;
    for (int32_t i = 0; pt_config_option(i, &o); i++) {
        if (o.begins_section)
            fprintf(file, ".SS [%.*s]\n", (int)o.section_len, o.name);
        fputs(".TP\n\\fB", file);
        put_all(o.name, file);
        fputs("\\fR = ", file);
        put_all(o.initial[0] != '\0' ? o.initial : "(empty)", file);
        fputc('\n', file);
        put_all(o.help, file);
        fputs(".\nExpected: ", file);
        put_all(o.expected, file);
        fputs(o.class == PT_OPTION_NUMERICS ? ".\n" : "; free on resume.\n", file);
    }
}

void pt_man_write(FILE *file)
{
    fprintf(file,
            ".TH POLYTREE 1 \"\" \"polytree %s\" \"User commands\"\n.nh\n.SH NAME\n"
            "polytree \\- search the network that serves a set of tasks\n.SH SYNOPSIS\n"
            ".B polytree\n.I COMMAND\n.RI [ argument\\~... ]\n.PP\n.B mpirun \\-n\n.I P\n"
            ".B polytree search\n.I CONFIG.ini\n.B \\-o\n.I RUN\n.SH DESCRIPTION\n",
            PT_VERSION);
    put_paragraphs(about, file);
    fputs(".SH COMMANDS\n", file);
    for (const pt_command_t *c = pt_commands; c->name != NULL; c++)
        put_command(c, file);
    fputs(".SH CONFIGURATION\n", file);
    put_paragraphs(of_config, file);
    put_options(file);
    fputs(".SH ENCODERS\n", file);
    put_paragraphs(of_encoder, file);
    fputs(".SH STOP AND GO ON\n", file);
    put_paragraphs(of_resume, file);
    put_files(file);
    put_entries("EXIT STATUS", codes, file);
    put_entries("ENVIRONMENT", variables, file);
    put_entries("EXAMPLES", examples, file);
    fputs(".SH SEE ALSO\n.BR mpirun (1)\n", file);
}
