/* Numbers for texts, by a table of hashes with open addressing. */
#include "io/dictionary.h"

#include <string.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"

const char *pt_dictionary_text(const pt_dictionary_t *dictionary, int32_t number)
{
    return dictionary->text + dictionary->begin[number];
}

/* Where a text is, or would be. */
static size_t find_slot(const pt_dictionary_t *d, const char *text, size_t bytes)
{
    size_t at = (size_t)pt_hash64(text, bytes, 0) & (d->n_slot - 1);
    for (; d->slot[at]; at = (at + 1) & (d->n_slot - 1)) {
        const char *other = pt_dictionary_text(d, d->slot[at] - 1);
        if (strncmp(other, text, bytes) == 0 && other[bytes] == '\0')
            break;
    }
    return at;
}

/* At most half of the slots are taken. */
static pt_status_t make_slots(pt_dictionary_t *d)
{
    size_t n = d->n_slot ? 2 * d->n_slot : 64;
    int32_t *slot;
    if ((size_t)d->n + 1 <= d->n_slot / 2)
        return PT_OK;
    PT_TRY(pt_alloc(&slot, n, sizeof *slot));
    pt_free(d->slot);
    d->slot = slot;
    d->n_slot = n;
    for (int32_t i = 0; i < d->n; i++) {
        const char *text = pt_dictionary_text(d, i);
        d->slot[find_slot(d, text, strlen(text))] = i + 1;
    }
    return PT_OK;
}

pt_status_t pt_dictionary_add(pt_dictionary_t *dictionary, const char *text, size_t bytes,
                              int32_t *number)
{
    pt_dictionary_t *d = dictionary;
    PT_TRY(make_slots(d));
    size_t at = find_slot(d, text, bytes);
    if (!d->slot[at]) {
        if (d->n == INT32_MAX - 1)
            PT_FAIL(RANGE, "more than %d different texts", d->n);
        PT_TRY(pt_grow(&d->begin, &d->begin_capacity, (size_t)d->n + 1, sizeof *d->begin));
        PT_TRY(pt_grow(&d->text, &d->text_capacity, d->text_bytes + bytes + 1, 1));
        memcpy(d->text + d->text_bytes, text, bytes);
        d->text[d->text_bytes + bytes] = '\0';
        d->begin[d->n] = d->text_bytes;
        d->text_bytes += bytes + 1;
        d->slot[at] = ++d->n;
    }
    *number = d->slot[at] - 1;
    return PT_OK;
}

int32_t pt_dictionary_find(const pt_dictionary_t *dictionary, const char *text,
                           size_t bytes)
{
    return dictionary->n_slot == 0
               ? -1
               : dictionary->slot[find_slot(dictionary, text, bytes)] - 1;
}

void pt_dictionary_release(pt_dictionary_t *dictionary)
{
    pt_free(dictionary->begin);
    pt_free(dictionary->text);
    pt_free(dictionary->slot);
    *dictionary = (pt_dictionary_t){.n = 0};
}
