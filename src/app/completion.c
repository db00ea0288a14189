/* Completion of command lines in bash: its lists, from the tables of commands and options,
 * and the function that looks words up in them. */
#include "app/completion.h"

#include <string.h>

#include "app/command.h"
#include "polytree/config/config.h"

/* Names of commands, flags and options have no quotes. */
static void put_flags(const pt_command_t *command, FILE *file)
{
    fprintf(file, "    '%s') echo '--help", command->name);
    for (const pt_flag_t *f = command->flags; f->name != NULL; f++)
        fprintf(file, " --%s", f->name);
    fputs("' ;;\n", file);
}

/* Of "one of a, b, or a file" the words before what is no word. */
static void put_values(const pt_option_help_t *option, FILE *file)
{
    static const char begin[] = "one of ";
    const char *text = option->expected, *end = strstr(text, ", or ");
    if (strcmp(text, "0 or 1") == 0)
        fprintf(file, "    %s) echo '0 1' ;;\n", option->name);
    if (strncmp(text, begin, sizeof begin - 1) != 0)
        return;
    fprintf(file, "    %s) echo '", option->name);
    for (text += sizeof begin - 1; *text != '\0' && text != end; text++)
        if (*text != ',')
            fputc(*text, file);
    fputs("' ;;\n", file);
}

static void put_lists(FILE *file)
{
    pt_option_help_t o;
    fputs("_polytree_commands='\n", file);
    for (const pt_command_t *c = pt_commands; c->name != NULL; c++)
        fprintf(file, "%s\n", c->name);
    fputs("'\n_polytree_options='\n", file);
    for (int32_t i = 0; pt_config_option(i, &o); i++)
        fprintf(file, "%s=\n", o.name);
    fputs("'\n_polytree_flags() {\n    case $1 in\n", file);
    for (const pt_command_t *c = pt_commands; c->name != NULL; c++)
        put_flags(c, file);
    fputs("    esac\n}\n_polytree_values() {\n    case $1 in\n", file);
    for (int32_t i = 0; pt_config_option(i, &o); i++)
        put_values(&o, file);
    fputs("    esac\n}\n", file);
}

/* Bash takes key=value apart at the equals sign; what no list has is the name of a file. */
static const char function[] =
    "_polytree() {\n"
    "    local at=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} command='' flag='' key='' "
    "list='' word\n"
    "    if [ \"$cur\" = = ]; then\n"
    "        key=${COMP_WORDS[at - 1]} cur=''\n"
    "    elif [ \"${COMP_WORDS[at - 1]}\" = = ]; then\n"
    "        key=${COMP_WORDS[at - 2]}\n"
    "    fi\n"
    "    for word in \"${COMP_WORDS[@]:1:at - 1}\"; do\n"
    "        case $word in\n"
    "        -*) flag=$word ;;\n"
    "        help) ;;\n"
    "        *) [ -n \"$flag\" ] || command+=\"$word \" ;;\n"
    "        esac\n"
    "    done\n"
    "    if [ \"$flag\" = --set ] && [ -n \"$key\" ]; then\n"
    "        list=$(_polytree_values \"$key\")\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        while [ -n \"$command\" ] && [[ $_polytree_commands != *$'\\n'\"${command% "
    "}\"$'\\n'* ]]; do\n"
    "            word=${command% } && command=\n"
    "            [[ $word != *' '* ]] || command=${word% *}\n"
    "        done\n"
    "        list=$(_polytree_flags \"${command% }\")\n"
    "    elif [ \"$flag\" = --set ]; then\n"
    "        list=$_polytree_options\n"
    "        compopt -o nospace 2>/dev/null || true\n"
    "    elif [ -z \"$flag\" ]; then\n"
    "        while read -r word; do\n"
    "            [[ $word != \"$command\"?* ]] || { word=${word#\"$command\"} && list+=\" "
    "${word%% *}\"; }\n"
    "        done <<<\"$_polytree_commands\"\n"
    "    fi\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$list\" -- \"$cur\")\n"
    "}\n"
    "complete -o default -F _polytree polytree\n";

void pt_completion_write(FILE *file)
{
    fprintf(file,
            "# bash completion of polytree %s, by `polytree help completion`.\n"
            "# shellcheck shell=bash\n",
            PT_VERSION);
    put_lists(file);
    fputs(function, file);
}
