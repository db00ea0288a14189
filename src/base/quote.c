/* Texts of strangers quoted for the programs that read our files. */
#include "polytree/base/quote.h"

#include <string.h>

/* Put `text`; what is in `special` is replaced by the word at its place in `word`, and what
 * would end a line by a blank. */
static void put(FILE *file, const char *text, const char *special, const char *const *word)
{
    for (; *text != '\0'; text++) {
        const char *found = strchr(special, *text);
        if (found != NULL)
            fputs(word[found - special], file);
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
    }
}

void pt_quote_gnuplot(FILE *file, const char *text)
{
    /* Where doubled quotes begin a string, or four of them stand in it, gnuplot ends it. */
    static const char *const word[] = {"'.\"'\".'"};
    fputc('\'', file);
    put(file, text, "'", word);
    fputc('\'', file);
}

/* Graphviz replaces entities of HTML in any label, and \N and its like even in those that
 * are HTML already. */
void pt_quote_dot(FILE *file, const char *text)
{
    static const char *const word[] = {"\\\"", "\\\\", "&amp;"};
    put(file, text, "\"\\&", word);
}

void pt_quote_dot_html(FILE *file, const char *text)
{
    static const char *const word[] = {"&#34;", "\\\\", "&#38;", "&#60;", "&#62;"};
    put(file, text, "\"\\&<>", word);
}
