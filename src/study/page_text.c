/* What pages are put together with: elements of HTML, texts quoted. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "polytree/base/quote.h"
#include "study/page.h"

/* page.css and page.js, and the digests that the policy names them by; made by make. */
extern const char study_page_css[], study_page_css_digest[];
extern const char study_page_js[], study_page_js_digest[];

void page_begin(pt_text_t *out, const char *title)
{
    pt_text_add(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'sha256-%s'; script-src 'sha256-%s'; img-src data:; base-uri "
        "'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, "
        "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta name=\"generator\" content=\"polytree %s\">\n",
        study_page_css_digest, study_page_js_digest, PT_VERSION);
    page_print(out, "title", NULL, "%s - polytree", title);
    pt_text_add(out, "<style>%s</style>\n</head>\n<body>\n", study_page_css);
}

void page_end(pt_text_t *out)
{
    pt_text_add(out, "</main>\n<script>%s</script>\n</body>\n</html>\n", study_page_js);
}

void page_heading(pt_text_t *out, const char *kind, const char *title, const char *line)
{
    pt_text_add(out, "<header>\n");
    page_put(out, "p", "kind", kind);
    page_put(out, "h1", NULL, title);
    page_put(out, "p", "line", line);
    pt_text_add(out, "</header>\n");
}

void page_links(pt_text_t *out, const char *link[][2], int n)
{
    pt_text_add(out, "<nav aria-label=\"sections\">");
    for (int i = 0; i < n; i++)
        pt_text_add(out, "<a href=\"#%s\">%s</a> ", link[i][0], link[i][1]);
    pt_text_add(out, "</nav>\n<main>\n");
}

void page_section(pt_text_t *out, const char *id, const char *title)
{
    pt_text_add(out, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
}

void page_section_end(pt_text_t *out)
{
    pt_text_add(out, "</section>\n");
}

void page_put(pt_text_t *out, const char *element, const char *classes, const char *text)
{
    pt_text_add(out, "<%s%s%s%s>", element, classes == NULL ? "" : " class=\"",
                classes == NULL ? "" : classes, classes == NULL ? "" : "\"");
    pt_quote_html(text, out);
    pt_text_add(out, "</%.*s>\n", (int)strcspn(element, " "), element);
}

void page_print(pt_text_t *out, const char *element, const char *classes,
                const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    page_put(out, element, classes, text);
}

void page_number(pt_text_t *out, const char *classes, const char *format, double x)
{
    char text[64] = "";
    if (isfinite(x))
        snprintf(text, sizeof text, format, x);
    page_put(out, "td", classes, text);
}

void page_table(pt_text_t *out, const char *about)
{
    pt_text_add(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    pt_quote_html(about, out);
    pt_text_add(out, "\"><table>\n");
}

void page_table_end(pt_text_t *out)
{
    pt_text_add(out, "</table></div>\n");
}

void page_prose(pt_text_t *out, const char *text)
{
    while (*text != '\0') {
        const char *end = strstr(text, "\n\n");
        size_t n = end == NULL ? strlen(text) : (size_t)(end - text);
        if (n > 0 && n != strspn(text, "\n"))
            page_print(out, "p", "lines", "%.*s", (int)n, text);
        text += n;
        text += strspn(text, "\n");
    }
}

void page_details(pt_text_t *out, const char *title, const char *text)
{
    if (text[strspn(text, "\n")] == '\0')
        return;
    pt_text_add(out, "<details>");
    page_put(out, "summary", NULL, title);
    pt_text_add(out, "<pre tabindex=\"0\">");
    /* Line by line, as one line is what is quoted. */
    for (text += strspn(text, "\n"); *text != '\0';) {
        size_t n = strcspn(text, "\n");
        while (n > 0) {
            char piece[1024];
            size_t some = n < sizeof piece - 1 ? n : sizeof piece - 1;
            memcpy(piece, text, some);
            piece[some] = '\0';
            pt_quote_html(piece, out);
            text += some;
            n -= some;
        }
        text += *text == '\n';
        pt_text_add(out, "\n");
    }
    pt_text_add(out, "</pre></details>\n");
}

void page_figure(pt_text_t *out, const char *classes, const pt_text_t *svg,
                 const char *caption)
{
    if (svg->status != PT_OK)
        out->status = svg->status;
    if (svg->n == 0)
        return;
    pt_text_add(out, "<figure class=\"%s\"><div class=\"scroll\" tabindex=\"0\">", classes);
    pt_text_add_bytes(out, svg->data, svg->n);
    pt_text_add(out, "</div>");
    if (caption != NULL)
        page_put(out, "figcaption", NULL, caption);
    pt_text_add(out, "</figure>\n");
}

void page_amount(double x, char text[32])
{
    double scale;
    const char *unit = pt_unit(x, &scale);
    snprintf(text, 32, *unit ? "%.3g %s" : "%.0f%s", x / scale, unit);
}

void page_quote_url(const char *path, pt_text_t *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-./=,";
    for (; *path != '\0'; path++)
        if (strchr(plain, *path) != NULL)
            pt_text_add(out, "%c", *path);
        else
            pt_text_add(out, "%%%02X", (unsigned)(unsigned char)*path);
}

void page_quote_shell(const char *text, pt_text_t *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-./+,:@%";
    if (*text != '\0' && text[strspn(text, plain)] == '\0') {
        pt_text_add(out, "%s", text);
        return;
    }
    pt_text_add(out, "'");
    for (; *text != '\0'; text++)
        pt_text_add(out, *text == '\'' ? "'\\''" : "%c", *text);
    pt_text_add(out, "'");
}
