/** @file
 * The parts of a page, and what they are put together with.
 */
#ifndef STUDY_PAGE_H
#define STUDY_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "polytree/base/text.h"
#include "polytree/graph/subnet.h"
#include "polytree/record/architecture.h"
#include "polytree/study/page.h"
#include "study/report.h"

/** What a page of a run is made of. */
typedef struct page_run {
    const pt_config_t *config;
    const char *run;
    report_columns_t columns;
    bool has_network;
    pt_architecture_t network; /**< where it has one */
    const char *text;          /**< of PT_FILE_REPORT; "" where there is none */
    const char *earlier;       /**< the page that stands there; "" where there is none */
    const pt_kept_t *kept;     /**< NULL: no tasks were there before */
    const pt_examples_t *examples;
} page_run_t;

/* page_text.c */

/** Begin and end a page.  The style and the script of all pages are part of it. */
void page_begin(pt_text_t *out, const char *title);
void page_end(pt_text_t *out);

/** The heading, the line below it, and links to sections: pairs of id and title. */
void page_heading(pt_text_t *out, const char *kind, const char *title, const char *line);
void page_links(pt_text_t *out, const char *link[][2], int n);

void page_section(pt_text_t *out, const char *id, const char *title);
void page_section_end(pt_text_t *out);

/** A text, quoted, in an element that may have classes: "td" and "number". */
void page_put(pt_text_t *out, const char *element, const char *classes, const char *text);
/** The same with a text in the style of printf. */
void page_print(pt_text_t *out, const char *element, const char *classes,
                const char *format, ...) PT_PRINTF(4, 5);
/** A cell of a number; empty where it is not finite. */
void page_number(pt_text_t *out, const char *classes, const char *format, double x);

/** A table that scrolls by itself, with the name that is read out. */
void page_table(pt_text_t *out, const char *about);
void page_table_end(pt_text_t *out);

/** Paragraphs of a text, one for each piece between empty lines, in its lines. */
void page_prose(pt_text_t *out, const char *text);

/** A text as it is, behind a line to click on. */
void page_details(pt_text_t *out, const char *title, const char *text);

/** A drawing with what is said below it (NULL: nothing); nothing where it is empty. */
void page_figure(pt_text_t *out, const char *classes, const pt_text_t *svg,
                 const char *caption);

/** A number with few digits and a unit: "7.15 M". */
void page_amount(double x, char text[32]);

/** A path as a part of a URL. */
void page_quote_url(const char *path, pt_text_t *out);

/** A text as one word of a shell. */
void page_quote_shell(const char *text, pt_text_t *out);

/* page_scores.c */

void page_put_scores(const page_run_t *p, pt_text_t *out);
void page_put_classes(const page_run_t *p, pt_text_t *out);

/* page_network.c */

PT_MUST_CHECK pt_status_t page_put_network(const page_run_t *p, pt_text_t *out);

/* page_choice.c */

PT_MUST_CHECK pt_status_t page_put_choice(const page_run_t *p, pt_text_t *out);

/* page_examples.c */

void page_put_examples(const page_run_t *p, pt_text_t *out);

/* page_time.c */

void page_put_time(const page_run_t *p, pt_text_t *out);

#endif
