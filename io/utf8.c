/* Entering and leaving a locale of UTF-8. */
#include "io/utf8.h"

#include <stddef.h>

pt_utf8_t pt_utf8_enter(void)
{
    static const char *const name[] = {"C.UTF-8", "C.utf8", "en_US.UTF-8"};
    pt_utf8_t utf8 = {.own = (locale_t)0};
    for (size_t i = 0; !utf8.own && i < sizeof name / sizeof name[0]; i++)
        utf8.own = newlocale(LC_CTYPE_MASK, name[i], (locale_t)0);
    utf8.before = uselocale(utf8.own);
    return utf8;
}

void pt_utf8_leave(pt_utf8_t utf8)
{
    uselocale(utf8.before);
    if (utf8.own)
        freelocale(utf8.own);
}
