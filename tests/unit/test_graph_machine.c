/* What a machine knows: names, tables of them, and costs by name before counts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/graph/machine.h"

static char path[] = "/tmp/polytree-machine-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    return mkstemp(path) < 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_text(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Many names, more than the first table holds, are found again, the last seconds of each;
 * others are not. */
static void names_are_found(void **state)
{
    enum { MANY = 1000 };
    pt_machine_t m;
    char name[32];
    (void)state;
    pt_machine_init(&m);
    assert_true(pt_machine_find(&m, "name 1") < 0);
    for (int i = 0; i < 2 * MANY; i++) {
        snprintf(name, sizeof name, "name %d", i % MANY);
        assert_int_equal(pt_machine_learn(&m, name, 1 + i), PT_OK);
    }
    assert_int_equal(m.n_known, MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "name %d", i);
        assert_true(pt_machine_find(&m, name) == 1 + MANY + i);
    }
    assert_true(pt_machine_find(&m, "name") < 0);
    pt_machine_release(&m);
    assert_int_equal(pt_memory_bytes(), 0);
}

/* What was written is read back: rates, names and seconds. */
static void tables_are_read_back(void **state)
{
    pt_machine_t m, read;
    (void)state;
    pt_machine_init(&m);
    m.rates.latency[PT_WIRE_NETWORK] = 0.125;
    m.rates.bandwidth[PT_WIRE_NODE] = 1024;
    assert_int_equal(pt_machine_learn(&m, "forward conv 3/1 16x9", 0.25), PT_OK);
    assert_int_equal(pt_machine_write(&m, path), PT_OK);
    pt_machine_init(&read);
    assert_int_equal(pt_machine_read(&read, path), PT_OK);
    assert_true(read.rates.latency[PT_WIRE_NETWORK] == 0.125);
    assert_true(fabs(read.rates.bandwidth[PT_WIRE_NODE] / 1024 - 1) < 1e-5);
    assert_true(fabs(read.rates.madds / m.rates.madds - 1) < 1e-5);
    assert_true(pt_machine_find(&read, "forward conv 3/1 16x9") == 0.25);
    assert_int_equal(read.n_known, 1);
    pt_machine_release(&m);
    pt_machine_release(&read);
}

/* A line that is no seconds and name is refused with its number. */
static void bad_lines_are_refused(void **state)
{
    static const char *const bad[] = {"x y", "-1 x", "0 x", "nan x", "1", "1e999 x"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[64];
        pt_machine_t m;
        snprintf(text, sizeof text, "# seconds\n\n1 one\n%s\n", bad[i]);
        write_text(text);
        pt_machine_init(&m);
        assert_int_equal(pt_machine_read(&m, path), PT_E_FORMAT);
        assert_non_null(strstr(pt_error_message(), ":4: "));
        assert_true(pt_machine_find(&m, "one") == 1);
        pt_machine_release(&m);
    }
}

/* What was written and lost lines, or the end of one, is refused; without its first line it
 * is a table like any. */
static void tables_cut_off_are_refused(void **state)
{
    char whole[1024];
    pt_machine_t m;
    (void)state;
    pt_machine_init(&m);
    assert_int_equal(pt_machine_learn(&m, "one", 1), PT_OK);
    assert_int_equal(pt_machine_learn(&m, "forward conv 16x9", 2), PT_OK);
    assert_int_equal(pt_machine_write(&m, path), PT_OK);
    FILE *file = fopen(path, "r");
    size_t n = fread(whole, 1, sizeof whole - 1, file);
    whole[n] = '\0';
    fclose(file);
    size_t head = strcspn(whole, "\n") + 1, line = strlen("2 forward conv 16x9\n");
    const size_t left[] = {n - 1, n - 2, n - line, n - line - 3, head};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        char text[1024];
        snprintf(text, left[i] + 1, "%s", whole);
        write_text(text);
        assert_int_equal(pt_machine_read(&m, path), PT_E_FORMAT);
        assert_non_null(strstr(pt_error_message(), " is cut off or mended: "));
    }
    write_text(whole + head);
    assert_int_equal(pt_machine_read(&m, path), PT_OK);
    pt_machine_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_found),
                                       cmocka_unit_test(tables_are_read_back),
                                       cmocka_unit_test(bad_lines_are_refused),
                                       cmocka_unit_test(tables_cut_off_are_refused)};
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
