/* Errors, memory, bits, hashes, random numbers, and texts quoted for their readers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif
#include <cmocka.h>

#include "polytree/base/bitset.h"
#include "polytree/base/hash.h"
#include "polytree/base/memory.h"
#include "polytree/base/quote.h"
#include "polytree/base/rng.h"
#include "polytree/base/text.h"
#include "polytree/base/status.h"

static pt_status_t fail_inside(int value)
{
    PT_FAIL(RANGE, "value %d is\nnot wanted", value);
}

static pt_status_t fail_outside(void)
{
    PT_TRY(fail_inside(7));
    return PT_OK;
}

static void message_is_one_line_and_trace_grows_outwards(void **state)
{
    (void)state;
    assert_int_equal(fail_outside(), PT_E_RANGE);
    assert_string_equal(pt_error_message(), "value 7 is not wanted");
    const char *cause = strstr(pt_error_trace(), "value out of range");
    const char *call = strstr(pt_error_trace(), "fail_inside(7)");
    assert_non_null(cause);
    assert_non_null(call);
    assert_true(cause < call);
    assert_int_equal(PT_ERROR(IO, "again: %s", pt_error_message()), PT_E_IO);
    assert_string_equal(pt_error_message(), "again: value 7 is not wanted");
    assert_null(strstr(pt_error_trace(), "fail_inside"));
    pt_error_clear();
    assert_string_equal(pt_error_message(), "");
    assert_string_equal(pt_error_trace(), "");
}

static void every_status_has_a_text(void **state)
{
    (void)state;
    for (int s = 0; s < PT_N_STATUS; s++) {
        assert_true(strlen(pt_status_text((pt_status_t)s)) > 0);
        assert_string_not_equal(pt_status_text((pt_status_t)s), "unknown status");
    }
    assert_string_equal(pt_status_text(PT_N_STATUS), "unknown status");
}

static void long_traces_keep_the_innermost_calls(void **state)
{
    (void)state;
    (void)!fail_inside(1);
    for (int i = 0; i < 10000; i++) {
        (void)pt_error_trace_add(PT_E_RANGE, "some_file.c", i, "some_call()");
    }
    assert_non_null(strstr(pt_error_trace(), "some_file.c:0 some_call()"));
    assert_null(strstr(pt_error_trace(), "some_file.c:9999 "));
}

static void memory_is_zero_aligned_and_counted(void **state)
{
    (void)state;
    size_t before = pt_memory_bytes();
    uint64_t n_before = pt_memory_n_alloc();
    unsigned char *p;
    assert_int_equal(pt_alloc(&p, 1000, 3), PT_OK);
    assert_int_equal((uintptr_t)p % PT_ALIGN, 0);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(p[i], 0);
    }
    memset(p, 0xff, 3000);
    assert_int_equal(pt_memory_bytes() - before, 3000);
    assert_int_equal(pt_memory_n_alloc() - n_before, 1);
    pt_free(p);
    assert_int_equal(pt_memory_bytes(), before);
    assert_int_equal(pt_alloc(&p, 0, 8), PT_OK);
    assert_non_null(p);
    pt_free(p);
    pt_free(NULL);
    assert_int_equal(pt_alloc(&p, SIZE_MAX / 2, 3), PT_E_MEMORY);
    assert_int_equal(pt_alloc(&p, SIZE_MAX, 1), PT_E_MEMORY);
}

/* What is touched is resident, and stays in the peak when it is gone. */
#ifdef __SANITIZE_ADDRESS__
/* Sizes are rounded up, which must not hide what is written behind the end. */
static void sanitizer_sees_the_end_of_memory(void **state)
{
    char *p;
    (void)state;
    assert_int_equal(pt_alloc(&p, 5, 1), PT_OK);
    assert_true(__asan_address_is_poisoned(p - 1));
    assert_false(__asan_address_is_poisoned(p));
    assert_false(__asan_address_is_poisoned(p + 4));
    assert_true(__asan_address_is_poisoned(p + 5));
    assert_true(__asan_address_is_poisoned(p + 63));
    pt_free(p);
}
#endif

static void resident_memory_is_seen(void **state)
{
    const size_t bytes = 64 << 20;
    size_t before = pt_memory_resident();
    void *p;
    (void)state;
    if (before == 0)
        skip();
    assert_int_equal(pt_reserve(bytes, &p), PT_OK);
    memset(p, 1, bytes);
    assert_true(pt_memory_resident() > before + bytes / 2);
    pt_reserve_release(p, bytes);
    assert_true(pt_memory_resident() < before + bytes / 2);
    assert_true(pt_memory_resident_peak() > before + bytes / 2);
}

static void growing_keeps_old_elements_and_zeroes_new_ones(void **state)
{
    (void)state;
    int32_t *list = NULL;
    size_t capacity = 0;
    for (int32_t i = 0; i < 100; i++) {
        assert_int_equal(pt_grow(&list, &capacity, (size_t)i + 1, sizeof *list), PT_OK);
        assert_int_equal(list[i], 0);
        list[i] = i + 1;
    }
    for (int32_t i = 0; i < 100; i++) {
        assert_int_equal(list[i], i + 1);
    }
    assert_int_equal(capacity, 128);
    pt_free(list);
}

static void reserved_memory_is_zero_and_uncounted(void **state)
{
    (void)state;
    size_t before = pt_memory_bytes();
    size_t bytes = (size_t)1 << 36;
    void *p;
    assert_int_equal(pt_reserve(bytes, &p), PT_OK);
    unsigned char *last = (unsigned char *)p + bytes - 1;
    assert_int_equal(*last, 0);
    *last = 1;
    assert_int_equal(pt_memory_bytes(), before);
    pt_reserve_release(p, bytes);
}

static void bits_are_set_and_counted_singly(void **state)
{
    (void)state;
    uint64_t words[3] = {0};
    assert_int_equal(pt_bitset_words(130), 3);
    assert_int_equal(pt_bitset_words(0), 0);
    for (int64_t i = 0; i < 130; i += 3) {
        pt_bitset_set(words, i, true);
    }
    assert_int_equal(pt_bitset_count(words, 130), 44);
    for (int64_t i = 0; i < 130; i++) {
        assert_int_equal(pt_bitset_get(words, i), i % 3 == 0);
    }
    pt_bitset_set(words, 63, false);
    assert_int_equal(pt_bitset_count(words, 130), 43);
}

/* The empty digest is XXH3's published test value. */
static void digest_is_xxh3_whatever_the_pieces(void **state)
{
    (void)state;
    char whole[33], pieces[33], empty[33];
    pt_digest_t *digest;
    assert_int_equal(pt_digest_new(&digest), PT_OK);
    pt_digest_hex(digest, empty);
    assert_string_equal(empty, "99aa06d3014798d86001c324468d497f");
    pt_digest_add(digest, "polytree", 8);
    pt_digest_hex(digest, whole);
    pt_digest_free(digest);
    assert_int_equal(pt_digest_new(&digest), PT_OK);
    pt_digest_add(digest, "poly", 4);
    pt_digest_add(digest, "tree", 4);
    pt_digest_hex(digest, pieces);
    pt_digest_free(digest);
    assert_string_equal(whole, pieces);
    assert_string_not_equal(whole, empty);
    assert_true(pt_hash64("a", 1, 0) != pt_hash64("a", 1, 1));
    assert_true(pt_hash64("", 0, 0) == UINT64_C(0x2d06800538d394c2));
}

/* The check value of every list of CRCs, and RFC 3720's of 32 zeros. */
static void checksums_are_crc_32c(void **state)
{
    (void)state;
    const uint8_t zero[32] = {0};
    assert_int_equal(pt_crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(pt_crc32c(zero, sizeof zero), 0x8a9136aa);
    assert_int_equal(pt_crc32c("", 0), 0);
}

/* Random123's known answers (tests/kat_vectors, philox4x32 10). */
static void words_are_philox4x32_10(void **state)
{
    (void)state;
    uint32_t out[4];
    const uint32_t zero[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    pt_rng_words(&(pt_rng_t){0}, 0, out);
    assert_memory_equal(out, zero, sizeof out);
    const uint32_t ones[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    pt_rng_t all = {.seed = UINT64_MAX,
                    .purpose = (pt_rng_purpose_t)0xff,
                    .phase = 0xff,
                    .task = 0xffff,
                    .step = UINT32_MAX};
    pt_rng_words(&all, UINT64_MAX, out);
    assert_memory_equal(out, ones, sizeof out);
}

static void every_part_of_the_key_matters(void **state)
{
    (void)state;
    pt_rng_t keys[] = {
        {0},
        {.seed = 1},
        {.seed = UINT64_C(1) << 32},
        {.purpose = PT_RNG_SPLIT},
        {.phase = 1},
        {.task = 1},
        {.step = 1},
    };
    uint32_t seen[8][4];
    size_t n = sizeof keys / sizeof keys[0];
    for (size_t i = 0; i < n; i++) {
        pt_rng_words(&keys[i], 0, seen[i]);
    }
    pt_rng_words(&keys[0], 1, seen[n]);
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(seen[i], seen[j], sizeof seen[i]);
        }
    }
}

/* Limits are five standard errors of 100 000 draws. */
static void numbers_have_the_moments_of_their_law(void **state)
{
    (void)state;
    pt_rng_t rng = {.seed = 3, .purpose = PT_RNG_GATE};
    const int n = 100000;
    double u = 0, u2 = 0, v = 0, z = 0, z2 = 0;
    for (int i = 0; i < n; i++) {
        double x = pt_rng_uniform(&rng, (uint64_t)i), four[4];
        double y = pt_rng_normal(&rng, (uint64_t)i);
        pt_rng_uniform4(&rng, (uint64_t)i, four);
        assert_true(x > 0 && x < 1 && isfinite(y));
        u += x;
        u2 += x * x;
        z += y;
        z2 += y * y;
        for (int k = 0; k < 4; k++) {
            assert_true(four[k] > 0 && four[k] < 1);
            v += four[k];
        }
    }
    assert_true(fabs(u / n - 0.5) < 5 * 0.2887 / sqrt(n));
    assert_true(fabs(v / (4 * n) - 0.5) < 5 * 0.2887 / sqrt(4.0 * n));
    assert_true(fabs(u2 / n - 1.0 / 3) < 5 * 0.2982 / sqrt(n));
    assert_true(fabs(z / n) < 5 / sqrt(n));
    assert_true(fabs(z2 / n - 1) < 5 * 1.4143 / sqrt(n));
}

static void permutations_are_bijective(void **state)
{
    (void)state;
    const int64_t sizes[] = {1, 2, 3, 15, 16, 17, 100, 964, 4096, 65537};
    static uint64_t hit[1025];
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        pt_rng_t rng = {.seed = 9, .purpose = PT_RNG_SHUFFLE, .step = (uint32_t)s};
        memset(hit, 0, sizeof hit);
        for (int64_t i = 0; i < sizes[s]; i++) {
            int64_t to = pt_permute(&rng, sizes[s], i);
            assert_in_range(to, 0, sizes[s] - 1);
            pt_bitset_set(hit, to, true);
        }
        assert_int_equal(pt_bitset_count(hit, sizes[s]), sizes[s]);
    }
    int64_t far = pt_permute(&(pt_rng_t){0}, INT64_MAX, INT64_MAX - 1);
    assert_true(far >= 0 && far < INT64_MAX);
}

/* Chi-square over where position i goes: 20 x 19 degrees of freedom, limit mean + 5 sd. */
static void permutations_send_every_position_everywhere(void **state)
{
    (void)state;
    static int count[20][20];
    const int rounds = 4000;
    for (int r = 0; r < rounds; r++) {
        pt_rng_t rng = {.purpose = PT_RNG_BUNDLE, .step = (uint32_t)r};
        for (int64_t i = 0; i < 20; i++) {
            count[i][pt_permute(&rng, 20, i)]++;
        }
    }
    double chi2 = 0, expected = rounds / 20.0;
    for (int i = 0; i < 20; i++) {
        for (int j = 0; j < 20; j++) {
            chi2 += (count[i][j] - expected) * (count[i][j] - expected) / expected;
        }
    }
    assert_true(chi2 < 361 + 5 * sqrt(2 * 361.0));
    int orders[6] = {0};
    for (int r = 0; r < 6000; r++) {
        pt_rng_t rng = {.seed = 4, .step = (uint32_t)r};
        int64_t a = pt_permute(&rng, 3, 0), b = pt_permute(&rng, 3, 1);
        orders[2 * a + (b > a ? b - 1 : b)]++;
    }
    for (int k = 0; k < 6; k++) {
        assert_true(abs(orders[k] - 1000) < 5 * 29);
    }
}

/* Neither a table nor a walk through what comes before: else this would not end. */
static void one_position_of_a_huge_permutation_stands_alone(void **state)
{
    const int64_t n = INT64_C(1) << 40 | 1;
    const pt_rng_t rng = {.purpose = PT_RNG_SHUFFLE};
    (void)state;
    for (int64_t i = 0; i < 1000; i++) {
        int64_t at = pt_permute(&rng, n, n - 1 - i);
        assert_true(at >= 0 && at < n);
    }
}

/* A number is shown with at most three digits before its point, also once rounded. */
static void units_fit_the_size(void **state)
{
    static const struct {
        double size;
        const char *unit;
        double scale;
    } want[] = {{0, "", 1},         {999, "", 1},    {1000, "k", 1e3},  {999400, "k", 1e3},
                {999600, "M", 1e6}, {2e8, "M", 1e6}, {2.5e10, "G", 1e9}};
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        double scale;
        assert_string_equal(pt_unit(want[i].size, &scale), want[i].unit);
        assert_true(scale == want[i].scale);
    }
}

static void quotes_as(void (*quote)(const char *, pt_text_t *), const char *text,
                      const char *want)
{
    pt_text_t got = {0};
    quote(text, &got);
    assert_string_equal(pt_text_get(&got), want);
    pt_text_release(&got);
}

/* What has no meaning to the reader of a text stands in it as it is. */
static void texts_are_quoted_for_who_reads_them(void **state)
{
    (void)state;
    char plain[128] = "gr\u00f6\u00dfe";
    for (char c = ' '; c <= '~'; c++)
        if (strchr("\"\\&<>'", c) == NULL)
            strncat(plain, &c, 1);
    quotes_as(pt_quote_dot, plain, plain);
    quotes_as(pt_quote_dot_html, plain, plain);
    quotes_as(pt_quote_html, plain, plain);
    quotes_as(pt_quote_dot, "a'`b`\"\\N&lt;\n>", "a'`b`\\\"\\\\N&amp;lt; >");
    quotes_as(pt_quote_dot_html, "a'`b`\"\\N&<\n>", "a'`b`&#34;\\\\N&#38;&#60; &#62;");
    quotes_as(pt_quote_html, "<a b='c'>\"\\&amp;\n]]>",
              "&lt;a b=&#39;c&#39;&gt;&#34;\\&amp;amp; ]]&gt;");
}

static void names_have_a_config_and_json(void **state)
{
    static const struct {
        const char *name, *fault;
    } want[] = {{"a;b#[=]`\"'\\&.\u6f22", NULL},
                {"\U0010fffd", NULL},
                {"allow", NULL},
                {"...", NULL},
                {".a", NULL},
                {".", "places"},
                {"..", "places"},
                {"a\u200b", "seen"},
                {"\u202ea", "seen"},
                {"\u2028", "seen"},
                {"a\u2066b", "seen"},
                {"\ufeffa", "seen"},
                {"a\u00adb", "seen"},
                {"a\u00a0b", "seen"},
                {"\u3000", "seen"},
                {"\u2800", "seen"},
                {"\u3164", "seen"},
                {"a\u034fb", "seen"},
                {"a\u180eb", "seen"},
                {"\u206a", "seen"},
                {"a\ufe0f", "seen"},
                {"a\ufff9b", "seen"},
                {"a\U0001d173", "seen"},
                {"a\U000e0061\U000e007f", "seen"},
                {"a\U000e0fff", "seen"},
                {"\u00a1\u00ac\u00ae\u2010\u2027\u2030\u205e\u2070\ufe10", NULL},
                {"\u0628\u0301\u1161\U0001f333\U000e1000", NULL},
                {"all", "every task"},
                {"", "1 to 63"},
                {";a", "comment"},
                {"a b", "blanks"},
                {"a\tb", "seen"},
                {"a\x7f", "seen"},
                {"\xc2\x85", "seen"},
                {"\xef\xbf\xbf", "seen"},
                {"a,b", "commas"},
                {"\xf6", "UTF-8"},
                {"a\xc3", "UTF-8"},
                {"\xc0\xaf", "UTF-8"},
                {"\xe0\x80\x80", "UTF-8"},
                {"\xed\xa0\x80", "UTF-8"},
                {"\xf4\x90\x80\x80", "UTF-8"},
                {"\xff", "UTF-8"}};
    char longest[PT_NAME + 1];
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const char *fault = pt_name_fault(want[i].name, strlen(want[i].name));
        assert_int_equal(fault == NULL, want[i].fault == NULL);
        assert_true(fault == NULL || strstr(fault, want[i].fault) != NULL);
    }
    memset(longest, 'x', sizeof longest);
    assert_null(pt_name_fault(longest, PT_NAME - 1));
    assert_non_null(pt_name_fault(longest, PT_NAME));
}

static void columns_are_counted_not_bytes(void **state)
{
    char text[64];
    (void)state;
    assert_int_equal(pt_columns("plain"), 5);
    assert_int_equal(pt_columns("gr\u00f6\u00dfe"), 5);
    assert_int_equal(pt_columns("e\u0301"), 1);
    assert_int_equal(pt_columns("\u6f22\u5b57\uff21"), 6);
    assert_int_equal(pt_columns("\U0001f600"), 2);
    assert_int_equal(pt_columns("\xff\xc3"), 2);
    snprintf(text, sizeof text, "%-*s|", pt_padded("\u6f22", 4), "\u6f22");
    assert_string_equal(text, "\u6f22  |");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_one_line_and_trace_grows_outwards),
        cmocka_unit_test(every_status_has_a_text),
        cmocka_unit_test(long_traces_keep_the_innermost_calls),
        cmocka_unit_test(memory_is_zero_aligned_and_counted),
#ifdef __SANITIZE_ADDRESS__
        cmocka_unit_test(sanitizer_sees_the_end_of_memory),
#endif
        cmocka_unit_test(resident_memory_is_seen),
        cmocka_unit_test(growing_keeps_old_elements_and_zeroes_new_ones),
        cmocka_unit_test(reserved_memory_is_zero_and_uncounted),
        cmocka_unit_test(bits_are_set_and_counted_singly),
        cmocka_unit_test(digest_is_xxh3_whatever_the_pieces),
        cmocka_unit_test(checksums_are_crc_32c),
        cmocka_unit_test(words_are_philox4x32_10),
        cmocka_unit_test(every_part_of_the_key_matters),
        cmocka_unit_test(numbers_have_the_moments_of_their_law),
        cmocka_unit_test(permutations_are_bijective),
        cmocka_unit_test(permutations_send_every_position_everywhere),
        cmocka_unit_test(units_fit_the_size),
        cmocka_unit_test(texts_are_quoted_for_who_reads_them),
        cmocka_unit_test(names_have_a_config_and_json),
        cmocka_unit_test(columns_are_counted_not_bytes),
        cmocka_unit_test(one_position_of_a_huge_permutation_stands_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
