/* Texts of strangers quoted for the programs that read our files. */
#include "polytree/base/quote.h"

#include <string.h>

/* Put `text`; what is in `special` is replaced by the word at its place in `word`, and what
 * would end a line by a blank. */
static void put(const char *text, const char *special, const char *const *word,
                pt_text_t *out)
{
    for (; *text != '\0'; text++) {
        const char *found = strchr(special, *text);
        if (found != NULL)
            pt_text_add(out, "%s", word[found - special]);
        else
            pt_text_add_bytes(out, (unsigned char)*text < ' ' ? " " : text, 1);
    }
}

/* Graphviz replaces entities of HTML in any label, and \N and its like even in those that
 * are HTML already. */
void pt_quote_dot(const char *text, pt_text_t *out)
{
    static const char *const word[] = {"\\\"", "\\\\", "&amp;"};
    put(text, "\"\\&", word, out);
}

void pt_quote_dot_html(const char *text, pt_text_t *out)
{
    static const char *const word[] = {"&#34;", "\\\\", "&#38;", "&#60;", "&#62;"};
    put(text, "\"\\&<>", word, out);
}

void pt_quote_html(const char *text, pt_text_t *out)
{
    static const char *const word[] = {"&#34;", "&#39;", "&amp;", "&lt;", "&gt;"};
    put(text, "\"'&<>", word, out);
}
