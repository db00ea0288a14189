/** @file
 * Seeded mutations of what a program reads: case number i is the same on every machine.
 */
#ifndef PT_TEST_MUTATE_H
#define PT_TEST_MUTATE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "polytree/base/rng.h"

typedef struct mutator {
    pt_rng_t rng;
    uint64_t drawn;
} mutator_t;

static inline mutator_t mutator_of(uint32_t run)
{
    return (mutator_t){.rng = {.seed = 20231, .purpose = PT_RNG_DRAW, .step = run}};
}

/** A number below `n`, which is above 0. */
static inline size_t mutate_draw(mutator_t *m, size_t n)
{
    uint32_t word[4];
    pt_rng_words(&m->rng, m->drawn++, word);
    return (((size_t)word[0] << 32) | word[1]) % n;
}

/** Put `n_new` bytes (or as many as there is room for) where `n_old` were. */
static inline void mutate_splice(char *text, size_t *n, size_t room, size_t at,
                                 size_t n_old, const char *new, size_t n_new)
{
    if (n_old > *n - at)
        n_old = *n - at;
    if (*n - n_old + n_new > room)
        n_new = room - (*n - n_old);
    memmove(text + at + n_new, text + at + n_old, *n - at - n_old);
    memcpy(text + at, new, n_new);
    *n = *n - n_old + n_new;
}

/** One flipped bit, random byte, or byte that is an extreme of some number's. */
static inline void mutate_byte(mutator_t *m, char *text, size_t n)
{
    static const unsigned char extreme[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    if (n == 0)
        return;
    char *c = &text[mutate_draw(m, n)];
    switch (mutate_draw(m, 3)) {
    case 0:
        *c = (char)(*c ^ (1 << mutate_draw(m, 8)));
        break;
    case 1:
        *c = (char)mutate_draw(m, 256);
        break;
    default:
        *c = (char)extreme[mutate_draw(m, sizeof extreme)];
        break;
    }
}

/** What runs now, for who reads about an end without a word. */
static volatile sig_atomic_t mutate_case;

static inline void mutate_ended(int number)
{
    char line[80];
    int n = snprintf(line, sizeof line, "signal %d in case %d\n", number, (int)mutate_case);
    ssize_t written = write(STDERR_FILENO, line, (size_t)n);
    _exit(written > 0 ? 1 : 2);
}

/**
 * From here on this process gets at most `bytes` of addresses above those in use, and its
 * end by mutate_begin()'s alarm is told with the number of the case.
 */
static inline void mutate_limit(size_t bytes)
{
    signal(SIGALRM, mutate_ended);
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    if (file != NULL)
        fclose(file);
    size_t most = pages * (size_t)sysconf(_SC_PAGESIZE) + bytes;
    const struct rlimit limit = {most, most};
    if (pages > 0)
        setrlimit(RLIMIT_AS, &limit);
#else
    (void)bytes;
#endif
}

/** Case number `i` begins; the one before had its end in time. */
static inline void mutate_begin(int i, unsigned seconds)
{
    mutate_case = i;
    alarm(seconds);
}

#endif
