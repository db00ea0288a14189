/* Counting bits in arrays of words. */
#include "polytree/base/bitset.h"

int64_t pt_bitset_count(const uint64_t *words, int64_t n)
{
    int64_t count = 0;
    for (size_t w = 0; w < pt_bitset_words(n); w++) {
        count += __builtin_popcountll(words[w]);
    }
    return count;
}
