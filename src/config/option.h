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
/** Longest name "task.NAME.key", with its NUL. */
#define PT_OPTION_NAME 128

typedef enum pt_option_type {
    PT_OPTION_INT,    /**< int64_t */
    PT_OPTION_REAL,   /**< double */
    PT_OPTION_TIME,   /**< double, seconds; written in seconds or h:m:s; or words[0], if
                           there are words, for PT_TIME_AUTO */
    PT_OPTION_BOOL,   /**< bool */
    PT_OPTION_WORD,   /**< an enum or int: the index in `words` */
    PT_OPTION_LENGTH, /**< pt_length_t */
    PT_OPTION_INTS,   /**< pt_int_list_t, at least one; the range is each value's */
    PT_OPTION_REALS,  /**< pt_real_list_t, the same; or words[0], for none */
    PT_OPTION_LINE,   /**< char[]: one line of text */
    PT_OPTION_PATH,   /**< char[]: a file or a folder */
    PT_OPTION_NAMES,  /**< char[]: names, kept with one blank between them */
    PT_OPTION_LINES,  /**< char[]: lines, of which none is empty */
    PT_OPTION_BUDGET, /**< pt_budget_t: none, a share as in 60%, or an amount */
    PT_OPTION_SIZE,   /**< an enum, then int64_t: a word, or the bytes of the last one */
    PT_OPTION_FROM    /**< an enum, then char[]: a word, or the file that is the last one */
} pt_option_type_t;

typedef struct pt_option {
    const char *name; /**< "section.key" */
    pt_option_type_t type;
    size_t offset, size; /**< of the field in its struct, in bytes */
    const char *initial; /**< the default, as text */
    double min, max;
    const char *const *words; /**< ends with NULL */
    pt_option_class_t class;
    const char *help;
} pt_option_t;

extern const pt_option_t pt_options[];
extern const int32_t pt_n_options;

/** The words of an option by its enum, which NULL ends. */
extern const char *const pt_auto_words[];
extern const char *const pt_standardise_words[];
extern const char *const pt_cache_words[];
extern const char *const pt_mode_words[];
extern const char *const pt_cost_words[];
extern const char *const pt_backend_words[];
extern const char *const pt_isa_words[];
extern const char *const pt_reduction_words[];
extern const char *const pt_mixed_words[];
extern const char *const pt_preset_words[];
extern const char *const pt_space_words[];
extern const char *const pt_head_words[];
extern const char *const pt_turn_words[];
extern const char *const pt_weighting_words[];
extern const char *const pt_bundle_words[];
extern const char *const pt_flip_words[];
extern const char *const pt_optimizer_words[];
extern const char *const pt_schedule_words[];
extern const char *const pt_gates_words[];
extern const char *const pt_run_words[];
extern const char *const pt_rule_words[];
extern const char *const pt_keep_words[];
extern const char *const pt_judge_words[];
extern const char *const pt_judging_words[];
extern const char *const pt_resource_words[];
extern const char *const pt_scale_words[];
extern const char *const pt_match_words[];
extern const char *const pt_from_words[];
extern const char *const pt_loss_words[];
extern const char *const pt_metric_words[];
extern const char *const pt_method_words[];

/** Those of a [task.NAME] section; offsets are into pt_task_config_t. */
extern const pt_option_t pt_task_options[];
extern const int32_t pt_n_task_options;

/** An option with the struct that holds its field. */
typedef struct pt_option_at {
    const pt_option_t *option;
    void *base;
    int32_t index; /**< in pt_options; those of task t follow, then those of task t + 1 */
    char name[PT_OPTION_NAME];
} pt_option_at_t;

/** Option `i` of pt_options. */
pt_option_at_t pt_option_at(pt_config_t *config, int32_t i);

/**
 * The option called section.key; `section` need not end where `section_len` says.  A new
 * [task.NAME] section is added to `config` with its defaults.
 *
 * @return PT_E_CONFIG naming the unknown section or key and the nearest one that is known
 */
PT_MUST_CHECK pt_status_t pt_option_find(pt_config_t *config, const char *section,
                                         size_t section_len, const char *key,
                                         pt_option_at_t *at);

/** Whether a [task.NAME] section has such a key. */
bool pt_option_is_of_task(const char *key, size_t len);

/** The file or folder that an option names in `base`; NULL where it names none. */
char *pt_option_file(const pt_option_t *option, void *base);

/** Length of the section's name in `option->name`. */
size_t pt_option_section_len(const pt_option_t *option);

/** The defaults of a [task.NAME] section. */
void pt_option_init_task(const char *name, size_t len, pt_task_config_t *task);

/** Parse `text` into the option's field; blanks around it do not count. */
PT_MUST_CHECK pt_status_t pt_option_parse(const pt_option_at_t *at, const char *text);

/** The value of the field in `base` as text that parses to the same value. */
void pt_option_format(const pt_option_t *option, const void *base,
                      char text[PT_OPTION_TEXT]);

/** What a value must be, for messages and help: "a whole number from 1 to 64". */
void pt_option_expected(const pt_option_t *option, char *text, size_t size);

/** The same for help: bounds that are but technical, above all that people set, are left
 * out. */
void pt_option_explain(const pt_option_t *option, char *text, size_t size);

/** The option whose key is most like `key`, whatever its section; NULL where none is near.
 */
const pt_option_t *pt_option_nearest_key(const char *key);

/** The settings "section.key=value" of a preset; the last is NULL. */
const char *const *pt_preset_settings(pt_preset_t preset);

/** Apply run.preset; `config` must hold none, or the same, which then stays as it is. */
PT_MUST_CHECK pt_status_t pt_preset_apply(pt_preset_t preset, pt_config_t *config);

/** Read the [encoder] of the file that space.encoder names, if it names one, and empty it;
 * a relative name is one in `folder`, of that many characters. */
PT_MUST_CHECK pt_status_t pt_encoder_read(pt_config_t *config, const char *folder,
                                          size_t folder_len);

#endif
