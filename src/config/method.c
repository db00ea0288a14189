/* The table of methods. */
#include "polytree/config/method.h"

#include "config/option.h"

const pt_method_info_t pt_methods[PT_N_METHOD] = {
#define METHOD_INFO(code, word, ...) [PT_METHOD_##code] = {.name = word, __VA_ARGS__},
    PT_METHOD_LIST(METHOD_INFO)};

const char *const pt_method_words[] = {
#define METHOD_WORD(code, word, ...) [PT_METHOD_##code] = word,
    PT_METHOD_LIST(METHOD_WORD)[PT_N_METHOD] = NULL};
