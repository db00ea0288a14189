/* Mutated configs: whatever the text, it is taken or refused in one line, and what was
 * taken can be written down and taken again. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fuzz/mutate.h"
#include "polytree/base/memory.h"
#include "polytree/config/config.h"
#include "polytree/io/file.h"

enum { N_CASE = 3000, MAX_CORPUS = 64, ROOM = 1 << 16, SECONDS = 60 };

static char path[64];
static int n_corpus;
static char *corpus[MAX_CORPUS];
static size_t corpus_bytes[MAX_CORPUS];

/* What numbers, lists and lines are made of, and what breaks their parsers. */
static const char *const token[] = {"0",
                                    "-1",
                                    "1e400",
                                    "-1e-400",
                                    "nan",
                                    "inf",
                                    "12e",
                                    "1e",
                                    "0x10",
                                    "3:50:00",
                                    "99:99:99",
                                    "9223372036854775807",
                                    "1.5",
                                    "none",
                                    "all",
                                    "[",
                                    "]",
                                    "9223372036854775808e",
                                    "=",
                                    ":",
                                    ";",
                                    "#",
                                    "\n",
                                    "\r\n",
                                    "\n ",
                                    "[space]\n",
                                    "nodes=",
                                    "%s%n",
                                    "\t",
                                    "channels = 1 2 3\n",
                                    "../../x",
                                    "\xff\xfe",
                                    "\"",
                                    "18446744073709551616",
                                    "\xef\xbb\xbf",
                                    "\r",
                                    "[task.a]b]\n",
                                    "] junk"};

/* A message is one line that says something. */
static void assert_refused(pt_status_t status, int i)
{
    const char *said = pt_error_message();
    if (said[0] == '\0' || strpbrk(said, "\n\r"))
        fail_msg("case %d: status %d says '%s'", i, (int)status, said);
}

static void mutate_text(mutator_t *m, char *text, size_t *n)
{
    static char run[6000];
    const char *t = token[mutate_draw(m, sizeof token / sizeof token[0])];
    size_t at = mutate_draw(m, *n + 1);
    switch (mutate_draw(m, 8)) {
    case 0:
    case 1:
        mutate_splice(text, n, ROOM, at, mutate_draw(m, 6), t, strlen(t));
        break;
    case 2: /* the place of a value */
        while (at < *n && text[at] != '=')
            at++;
        at += at < *n;
        mutate_splice(text, n, ROOM, at, strcspn(text + at, ";\n"), t, strlen(t));
        break;
    case 3:
        mutate_splice(text, n, ROOM, at, mutate_draw(m, 40), "", 0);
        break;
    case 4: /* a piece twice, perhaps elsewhere */
        memcpy(run, text + at, *n - at < 60 ? *n - at : 60);
        mutate_splice(text, n, ROOM, mutate_draw(m, *n + 1), 0, run,
                      *n - at < 60 ? *n - at : 60);
        break;
    case 5: /* longer than any buffer */
        memset(run, t[0], sizeof run);
        mutate_splice(text, n, ROOM, at, 0, run, mutate_draw(m, sizeof run));
        break;
    case 6:
        *n = mutate_draw(m, 8) == 0 ? at : *n;
        break;
    default:
        mutate_byte(m, text, *n);
        break;
    }
    text[*n] = '\0';
}

/* What was read is the same once it has been dumped and read again. */
static void assert_comes_back(const pt_config_t *config, int i)
{
    pt_config_t again;
    pt_text_t text = {0};
    pt_config_dump(config, &text);
    pt_config_init(&again);
    pt_status_t status = pt_config_read_text(&again, pt_text_get(&text), "dump");
    pt_text_release(&text);
    if (status != PT_OK)
        fail_msg("case %d: its dump is refused: %s", i, pt_error_message());
    if (memcmp(&again, config, sizeof again) != 0)
        fail_msg("case %d: its dump reads as another config", i);
}

static void mutated_files_are_taken_or_refused(void **state)
{
    static char text[ROOM + 1];
    int n_taken = 0;
    (void)state;
    for (int i = 0; i < N_CASE; i++) {
        mutator_t m = mutator_of((uint32_t)i);
        size_t which = mutate_draw(&m, (size_t)n_corpus), n = corpus_bytes[which];
        pt_config_t config, before;
        mutate_begin(i, SECONDS);
        memcpy(text, corpus[which], n + 1);
        for (size_t k = mutate_draw(&m, 4) + 1; k > 0; k--)
            mutate_text(&m, text, &n);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, n, file), n);
        fclose(file);
        pt_config_init(&config);
        before = config;
        pt_status_t status = pt_config_read(&config, path);
        if (status != PT_OK) {
            assert_refused(status, i);
            assert_memory_equal(&config, &before, sizeof config);
            continue;
        }
        n_taken++;
        status = pt_config_check(&config);
        if (status != PT_OK)
            assert_refused(status, i);
        assert_comes_back(&config, i);
    }
    alarm(0);
    /* Else the mutations are too coarse to reach what lies behind the parser. */
    assert_in_range(n_taken, N_CASE / 20, N_CASE * 19 / 20);
}

/* --set KEY=VALUE, made of pieces of the corpus. */
static void mutated_assignments_are_taken_or_refused(void **state)
{
    static char text[ROOM + 1];
    (void)state;
    for (int i = 0; i < N_CASE; i++) {
        mutator_t m = mutator_of((uint32_t)(N_CASE + i));
        pt_config_t config;
        static const char *const sound[] = {"space.channels=8 8 12", "run.time_limit=1:00",
                                            "search.steps=12e",      "data.tasks=a b c",
                                            "search.gates=soft",     "alpha.lr=1e-2"};
        const char *from = sound[mutate_draw(&m, sizeof sound / sizeof sound[0])];
        size_t n = strlen(from);
        mutate_begin(i, SECONDS);
        memcpy(text, from, n + 1);
        for (size_t k = mutate_draw(&m, 3) + 1; k > 0; k--)
            mutate_text(&m, text, &n);
        pt_config_init(&config);
        pt_status_t status = pt_config_set(&config, text);
        if (status != PT_OK)
            assert_refused(status, i);
        else
            assert_comes_back(&config, i);
    }
    alarm(0);
}

static int is_config(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".ini") == 0;
}

static pt_status_t add_corpus(const char *name)
{
    PT_TRY(pt_file_read(name, &corpus[n_corpus], &corpus_bytes[n_corpus]));
    n_corpus++;
    return PT_OK;
}

/* The configs that the repository ships, and the defaults in full. */
static int read_corpus(void **state)
{
    struct dirent **entry;
    int n = scandir("configs", &entry, is_config, alphasort);
    (void)state;
    for (int i = 0; i < n; i++) {
        char name[300];
        snprintf(name, sizeof name, "configs/%s", entry[i]->d_name);
        free(entry[i]);
        if (n_corpus == MAX_CORPUS - 1 || add_corpus(name) != PT_OK)
            return 1;
    }
    if (n < 1)
        return 1;
    free(entry);
    pt_config_t config;
    pt_config_init(&config);
    pt_text_t text = {0};
    pt_config_dump(&config, &text);
    if (pt_file_write_text(path, &text) != PT_OK)
        return 1;
    return add_corpus(path) != PT_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_files_are_taken_or_refused),
        cmocka_unit_test(mutated_assignments_are_taken_or_refused),
    };
    snprintf(path, sizeof path, "/tmp/polytree-fuzz-config-%ld.ini", (long)getpid());
    mutate_limit((size_t)256 << 20);
    int n_failed = cmocka_run_group_tests(tests, read_corpus, NULL);
    unlink(path);
    for (int i = 0; i < n_corpus; i++)
        pt_free(corpus[i]);
    return n_failed || pt_memory_bytes() != 0; /* all that was taken was given back */
}
