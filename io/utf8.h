/** @file
 * A locale of UTF-8 for a while, in this thread alone.
 */
#ifndef IO_UTF8_H
#define IO_UTF8_H

#include <locale.h>

typedef struct pt_utf8 {
    locale_t before, own;
} pt_utf8_t;

/** Names of zip members are UTF-8, which libarchive translates to the locale's: in "C" to
 * nothing.  Where the system has no such locale nothing changes. */
pt_utf8_t pt_utf8_enter(void);
void pt_utf8_leave(pt_utf8_t utf8);

#endif
