/* Tables as text: every cell as it was written, or one line that says which row is wrong.
 */
#include <math.h>

#include "import_files.h"
#include "io/csv.h"
#include "io/parts.h"
#include "polytree/base/rng.h"

/* "a|b|c" of each record, one below the other; NULL: it was refused. */
static const char *read_all(const char *bytes, size_t n)
{
    static char text[4096];
    size_t at = 0;
    pt_csv_t *csv;
    const pt_csv_cell_t *cell;
    pt_status_t status;
    assert_int_equal(pt_file_write(under("t.csv"), bytes, n), PT_OK);
    if (pt_csv_open(under("t.csv"), '\0', &csv) != PT_OK)
        return NULL;
    while ((status = pt_csv_next(csv, &cell)) == PT_OK && cell) {
        for (int32_t i = 0; i < pt_csv_n_column(csv); i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s", i ? "|" : "",
                                   (int)cell[i].bytes, cell[i].text);
        at += (size_t)snprintf(text + at, sizeof text - at, "\n");
    }
    text[at] = '\0';
    pt_csv_close(csv);
    return status == PT_OK ? text : NULL;
}

static void cells_are_as_they_were_written(void **state)
{
    static const struct {
        const char *text, *cells;
    } known[] = {
        {"a,b\n1,2\n3,4\n", "1|2\n3|4\n"},
        {"a,b\n1,2", "1|2\n"},                       /* no end of line */
        {"a,b\r\n1,2\r\n\r\n3,4\r\n", "1|2\n3|4\n"}, /* CR LF, an empty line */
        {"a,b\r1,2\r3,4", "1|2\n3|4\n"},             /* CR alone */
        {"\xef\xbb\xbf"
         "a,b\n1,2\n",
         "1|2\n"},                                           /* byte-order mark */
        {"a,b\n\"1,5\",\"x \"\"y\"\"\"\n", "1,5|x \"y\"\n"}, /* quotes */
        {"a,b\n\"two\nlines\",\"\"\n", "two\nlines|\n"},     /* an end of line in quotes */
        {"a;b\n1,5;2\n", "1,5|2\n"},                         /* the separator is found */
        {"\"a,x,y\";b\n1;2\n", "1|2\n"},                     /* not in quotes */
        {"a\tb\n 1\t\n", " 1|\n"},
        {"a,b\n,\n", "|\n"},
        {"a\nx\n", "x\n"},
        {"a,b\n5\",6\n", "5\"|6\n"}, /* a quote within */
        {"a,b\n", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const char *cells = read_all(known[i].text, strlen(known[i].text));
        assert_non_null(cells);
        assert_string_equal(cells, known[i].cells);
    }
}

/* Bytes with a NUL in them may be given: the text ends at the last one. */
#define BYTES(text) text, sizeof text - 1

static void hostile_tables_are_refused_by_row(void **state)
{
    static const struct {
        const char *text;
        size_t bytes;
        const char *says;
    } known[] = {
        {BYTES(""), "is empty"},
        {BYTES("\n\n"), "is empty"},
        {BYTES("1,2\n3,4\n"), "line 1 holds numbers alone"},
        {BYTES("a,b\n1,2\n3\n"), "row 2 (line 3): 1 cells, expected 2"},
        {BYTES("a,b\n\"x\ny\",2\n1,2,3\n"), "row 2 (line 4): 3 cells, expected 2"},
        {BYTES("a,b\n1,\"2\n3,4\n"), "row 1 (line 2): a quote that is never closed"},
        {BYTES("a,b\n\"1\"x,2\n"), "row 1 (line 2): text behind the quote that closes '1'"},
        {BYTES("a,b\n1,\0\n"), "row 1 (line 2): holds a byte of 0"},
        {BYTES("a,b\n1,\"\0\"\n"), "row 1 (line 2): holds a byte of 0"},
        {BYTES("a,a\n1,2\n"), "columns 1 and 2 are both called 'a'"},
        {BYTES("a,\xff\n1,2\n"), "the name of column 2, '?', is not in UTF-8"},
        {BYTES("a,\"b\nc\"\n1,2\n"), "the name of column 2, 'b?c', holds a control"},
        {BYTES("\xff\xfe"
               "a\0,\0"),
         "UTF-16"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_null(read_all(known[i].text, known[i].bytes));
        if (!strstr(pt_error_message(), known[i].says))
            fail_msg("'%s' does not say '%s'", pt_error_message(), known[i].says);
        assert_null(strchr(pt_error_message(), '\n'));
    }
}

/* Whatever the blocks that the file is read in; one too long is refused. */
static void long_records_are_read_whole(void **state)
{
    enum { LONG = 3 << 20, TOO_LONG = 17 << 20 };
    pt_csv_t *csv;
    const pt_csv_cell_t *cell;
    (void)state;
    run("{ echo a,b; yes '\"x\"\"y\",12' | head -n 50000; printf '\"'; head -c %d "
        "/dev/zero "
        "| tr '\\0' z; echo '\",3'; echo 4,5; } >'%s'",
        LONG, under("long.csv"));
    assert_int_equal(pt_csv_open(under("long.csv"), '\0', &csv), PT_OK);
    for (int i = 0; i < 50000; i++) {
        assert_int_equal(pt_csv_next(csv, &cell), PT_OK);
        assert_true(cell[0].bytes == 3 && memcmp(cell[0].text, "x\"y", 3) == 0);
        assert_true(cell[1].bytes == 2 && memcmp(cell[1].text, "12", 2) == 0);
    }
    assert_int_equal(pt_csv_next(csv, &cell), PT_OK);
    assert_int_equal(cell[0].bytes, LONG);
    assert_int_equal(cell[1].text[0], '3');
    assert_int_equal(pt_csv_next(csv, &cell), PT_OK);
    assert_int_equal(pt_csv_row(csv), 50002);
    pt_csv_close(csv);
    run("{ echo a,b; printf '1,\"'; head -c %d /dev/zero | tr '\\0' z; } >'%s'", TOO_LONG,
        under("long.csv"));
    assert_int_equal(pt_csv_open(under("long.csv"), '\0', &csv), PT_OK);
    assert_int_equal(pt_csv_next(csv, &cell), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "row 1 (line 2): longer than 16 MiB"));
    pt_csv_close(csv);
}

static void packed_tables_are_read_and_cut_ones_refused(void **state)
{
    pt_csv_t *csv;
    const pt_csv_cell_t *cell;
    int64_t n = 0;
    (void)state;
    run("{ echo a,b; seq 20000 | sed 's/.*/&,&/'; } | gzip >'%s'", under("t.csv.gz"));
    assert_int_equal(pt_csv_open(under("t.csv.gz"), '\0', &csv), PT_OK);
    while (pt_csv_next(csv, &cell) == PT_OK && cell)
        n++;
    assert_int_equal(n, 20000);
    pt_csv_close(csv);
    assert_int_equal(pt_file_cut(under("t.csv.gz"), 2000), PT_OK);
    assert_int_equal(pt_csv_open(under("t.csv.gz"), '\0', &csv), PT_E_FORMAT);
    assert_non_null(strstr(pt_error_message(), "cut off"));
}

static pt_csv_cell_t cell_of(char *text)
{
    return (pt_csv_cell_t){text, strlen(text), false};
}

/* strtod() rounds correctly; digits by a generator, with few and many of them, so that some
 * lie half way between two doubles or next to that. */
static void numbers_are_rounded_as_by_strtod(void **state)
{
    static const char *const hard[] = {"0",
                                       "-0",
                                       "9007199254740993",
                                       "9007199254740992.5",
                                       "9007199254740993.0000000000000000000001",
                                       "1e23",
                                       "8.5e22",
                                       "5e-324",
                                       "2.2250738585072011e-308",
                                       "1.7976931348623159e308",
                                       "123456789012345678901234567890",
                                       "0.000000000000000000000000000000000000123",
                                       "1e400",
                                       ".5",
                                       "5.",
                                       "+7E+2",
                                       "1e-400"};
    static const char *const none[] = {"",     ".",     "e5",  "1e",   "1e+",
                                       "0x10", "1 2",   "1,5", "--1",  "1.2.3",
                                       "nan",  "infin", "+",   "12px", "1_000"};
    const pt_rng_t rng = {.seed = 7};
    char text[64];
    double value;
    (void)state;
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        strcpy(text, hard[i]);
        assert_true(pt_csv_number(cell_of(text), &value));
        double exact = strtod(text, NULL);
        assert_memory_equal(&value, &exact, sizeof value);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        strcpy(text, none[i]);
        assert_false(pt_csv_number(cell_of(text), &value));
    }
    for (uint64_t i = 0; i < 200000; i++) {
        uint32_t word[4];
        pt_rng_words(&rng, i, word);
        uint64_t digits = ((uint64_t)word[0] << 32 | word[1]) >> word[2] % 64;
        snprintf(text, sizeof text, "%s%llu%se%d", i % 2 ? "-" : "",
                 (unsigned long long)digits, i % 3 ? ".25" : "", (int)(word[3] % 60) - 30);
        assert_true(pt_csv_number(cell_of(text), &value));
        double exact = strtod(text, NULL);
        assert_memory_equal(&value, &exact, sizeof value);
    }
    strcpy(text, "-Infinity");
    assert_true(pt_csv_number(cell_of(text), &value) && isinf(value) && value < 0);
}

static void times_are_seconds(void **state)
{
    static const struct {
        const char *text;
        double seconds; /* of `date -u -d TEXT +%s` */
    } known[] = {{"1970-01-01", 0},
                 {"2000-02-29", 951782400},
                 {"2024-05-01 13:30", 1714570200},
                 {"2024-05-01T13:30:05.25Z", 1714570205.25},
                 {"2024-05-01T13:30:05+02:00", 1714563005},
                 {"1969-12-31 23:59:59", -1},
                 {"17.5", 17.5}};
    static const char *const none[] = {"2024-13-01", "2024-05-32",       "01.05.2024",
                                       "noon",       "2024-05-01 25:00", "2024-05-01x"};
    char text[64];
    double value;
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        strcpy(text, known[i].text);
        assert_true(pt_csv_time(cell_of(text), &value));
        assert_true(value == known[i].seconds);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        strcpy(text, none[i]);
        assert_false(pt_csv_time(cell_of(text), &value));
    }
}

static void parts_have_their_shares(void **state)
{
    enum { N = 1000 };
    const pt_import_share_t share = {.val = 0.1, .test = 0.25, .seed = 3};
    static int64_t group[N];
    static double time[N];
    pt_parts_t parts;
    (void)state;
    assert_int_equal(pt_parts_by_share("t", &share, N, NULL, NULL, &parts), PT_OK);
    assert_int_equal(parts.n_of[PT_SPLIT_VAL], 100);
    assert_int_equal(parts.n_of[PT_SPLIT_TEST], 250);
    pt_parts_release(&parts);

    for (int i = 0; i < N; i++) {
        group[i] = i * 7919 % 40;
        time[i] = i * 7919 % N / 10; /* ten of each */
    }
    assert_int_equal(pt_parts_by_share("t", &share, N, group, NULL, &parts), PT_OK);
    assert_int_equal(parts.n_of[PT_SPLIT_VAL], 100);
    assert_int_equal(parts.n_of[PT_SPLIT_TEST], 250);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            assert_true(group[i] != group[j] || parts.split[i] == parts.split[j]);
    pt_parts_release(&parts);

    assert_int_equal(pt_parts_by_share("t", &share, N, NULL, time, &parts), PT_OK);
    for (int i = 0; i < N; i++)
        assert_int_equal(parts.split[i], time[i] >= 75   ? PT_SPLIT_TEST
                                         : time[i] >= 65 ? PT_SPLIT_VAL
                                                         : PT_SPLIT_TRAIN);
    pt_parts_release(&parts);

    memset(group, 0, sizeof group);
    assert_int_equal(pt_parts_by_share("t", &share, N, group, NULL, &parts), PT_E_USAGE);
    assert_non_null(strstr(pt_error_message(), "too few groups"));
    memset(time, 0, sizeof time);
    assert_int_equal(pt_parts_by_share("t", &share, N, NULL, time, &parts), PT_E_USAGE);
    assert_non_null(strstr(pt_error_message(), "too few different times"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(cells_are_as_they_were_written, empty_root),
        cmocka_unit_test_setup(hostile_tables_are_refused_by_row, empty_root),
        cmocka_unit_test_setup(long_records_are_read_whole, empty_root),
        cmocka_unit_test_setup(packed_tables_are_read_and_cut_ones_refused, empty_root),
        cmocka_unit_test_setup(numbers_are_rounded_as_by_strtod, empty_root),
        cmocka_unit_test_setup(times_are_seconds, empty_root),
        cmocka_unit_test_setup(parts_have_their_shares, empty_root),
    };
    return run_in_root(tests, sizeof tests / sizeof tests[0]);
}
