/** @file
 * The option table: one row per option gives the parser, defaults, ranges, help, dump
 * and what is compared on resume.
 */
#ifndef PT_CONFIG_OPTION_H
#define PT_CONFIG_OPTION_H

#include <stddef.h>

#include "polytree/config/config.h"

/** Longest value as text, with its NUL. */
#define PT_OPTION_TEXT (8 * PT_CONFIG_TEXT)

typedef enum pt_option_type {
    PT_OPTION_INT,    /**< int64_t */
    PT_OPTION_REAL,   /**< double */
    PT_OPTION_TIME,   /**< double, seconds; written in seconds or h:m:s */
    PT_OPTION_BOOL,   /**< bool */
    PT_OPTION_WORD,   /**< an enum or int: the index in `words` */
    PT_OPTION_LENGTH, /**< pt_length_t */
    PT_OPTION_INTS,   /**< pt_int_list_t, at least one; the range is each value's */
    PT_OPTION_LINE,   /**< char[]: one line of text */
    PT_OPTION_NAMES   /**< char[]: names, kept with one blank between them */
} pt_option_type_t;

typedef struct pt_option {
    const char *name; /**< "section.key" */
    pt_option_type_t type;
    size_t offset, size; /**< of the field in pt_config_t, in bytes */
    const char *initial; /**< the default, as text */
    double min, max;
    const char *const *words; /**< ends with NULL */
    pt_option_class_t class;
    const char *help;
} pt_option_t;

extern const pt_option_t pt_options[];
extern const int32_t pt_n_options;

/** The option called section.key, or NULL; `section` need not end where `section_len` says.
 */
const pt_option_t *pt_option_find(const char *section, size_t section_len, const char *key);

/** An error that names the unknown section or key and the nearest one that is known. */
PT_MUST_CHECK pt_status_t pt_option_unknown(const char *section, size_t section_len,
                                            const char *key);

/** Length of the section's name in `option->name`. */
size_t pt_option_section_len(const pt_option_t *option);

/** Parse `text` into the option's field; blanks around it do not count. */
PT_MUST_CHECK pt_status_t pt_option_parse(const pt_option_t *option, const char *text,
                                          pt_config_t *config);

/** The field's value as text that parses to the same value. */
void pt_option_format(const pt_option_t *option, const pt_config_t *config,
                      char text[PT_OPTION_TEXT]);

/** What a value must be, for messages and help: "a whole number from 1 to 64". */
void pt_option_expected(const pt_option_t *option, char *text, size_t size);

#endif
