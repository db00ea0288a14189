/* Texts that are put together piece by piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"

static void pieces_of_any_length_follow_each_other(void **state)
{
    enum { LONG = 1000 };
    char want[LONG + 16], *got;
    pt_text_t text = {0};
    size_t before = pt_memory_bytes();
    (void)state;
    assert_string_equal(pt_text_get(&text), "");
    memset(want, 'x', LONG);
    snprintf(want + LONG, sizeof want - LONG, " and 17, %s", "y");
    pt_text_add(&text, "%.*s", LONG, want);
    pt_text_add(&text, "%s", "");
    pt_text_add(&text, " and %d, %s", 17, "y");
    assert_int_equal(text.n, strlen(want));
    assert_int_equal(pt_text_steal(&text, &got), PT_OK);
    assert_string_equal(got, want);
    assert_string_equal(pt_text_get(&text), "");
    pt_free(got);
    assert_int_equal(pt_memory_bytes(), before);
}

static void bytes_may_be_nul(void **state)
{
    pt_text_t text = {0};
    (void)state;
    pt_text_add_bytes(&text, "a\0b", 4);
    pt_text_add_bytes(&text, "c", 1);
    assert_int_equal(text.n, 5);
    assert_memory_equal(text.data, "a\0b\0c", 6);
    pt_text_release(&text);
}

static void an_empty_text_can_be_taken(void **state)
{
    char *got;
    pt_text_t text = {0};
    (void)state;
    assert_int_equal(pt_text_steal(&text, &got), PT_OK);
    assert_string_equal(got, "");
    pt_free(got);
}

static void a_buffer_takes_what_it_has_room_for(void **state)
{
    char buffer[8];
    (void)state;
    pt_text_t text = pt_text_in(buffer, sizeof buffer);
    assert_string_equal(buffer, "");
    pt_text_add(&text, "%d", 1234);
    pt_text_add(&text, "%s", "567");
    assert_string_equal(buffer, "1234567");
    pt_text_add(&text, "%s", "8");
    assert_string_equal(buffer, "1234567");
    assert_int_equal(text.status, PT_OK);
}

/* After a cut nothing more is added, though it would have room. */
static void a_buffer_is_cut_between_characters(void **state)
{
    char buffer[8];
    (void)state;
    for (size_t n = 3; n <= 7; n++) {
        pt_text_t text = pt_text_in(buffer, sizeof buffer);
        pt_text_add(&text, "%.*s", (int)n, "abcdefg");
        pt_text_add(&text, "%s", "\xe2\x82\xac\xe2\x82\xac");
        pt_text_add(&text, "%s", "!");
        assert_int_equal(strlen(buffer), n <= 4 ? n + 3 : n);
        assert_memory_equal(buffer + n, n <= 4 ? "\xe2\x82\xac" : "", n <= 4 ? 4 : 1);
    }
}

/* The first failure is the one that is told; what follows it is left out. */
static void a_failure_is_remembered(void **state)
{
    char *got = NULL;
    pt_text_t text = {0};
    (void)state;
    pt_text_add(&text, "a");
    pt_text_add_bytes(&text, "b", SIZE_MAX / 2);
    pt_text_add(&text, "c");
    assert_string_equal(pt_text_get(&text), "a");
    assert_int_equal(pt_text_steal(&text, &got), PT_E_MEMORY);
    assert_null(got);
    pt_error_clear();
    pt_text_release(&text);
}

/* The vectors of RFC 4648. */
static void bytes_have_letters_in_base64(void **state)
{
    static const char *const want[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                       "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    (void)state;
    for (size_t n = 0; n < sizeof want / sizeof want[0]; n++) {
        pt_text_t text = {0};
        pt_text_add_base64(&text, "foobar", n);
        assert_string_equal(pt_text_get(&text), want[n]);
        pt_text_release(&text);
    }
    pt_text_t text = {0};
    pt_text_add_base64(&text, "\xfb\xff\x00", 3);
    assert_string_equal(pt_text_get(&text), "+/8A");
    pt_text_release(&text);
}

static void scores_are_read_in_any_unit(void **state)
{
    static const struct {
        double x;
        const char *want;
    } of[] = {{0, "0.0000"},
              {-0.5, "-0.5000"},
              {0.00123, "0.0012"},
              {1.25e-4, "0.000125"},
              {8.3357e-30, "8.336e-30"},
              {99999, "99999.0000"},
              {-9.005066e12, "-9.005e+12"}};
    char text[32];
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        snprintf(text, sizeof text, pt_score_format(of[i].x), of[i].x);
        assert_string_equal(text, of[i].want);
    }
}

static void texts_for_people_have_no_control_characters(void **state)
{
    (void)state;
    assert_null(pt_text_fault("c \u00e9", 4));
    assert_null(pt_text_fault("", 0));
    assert_string_equal(pt_text_fault("a\nb", 3), "holds a control character");
    assert_string_equal(pt_text_fault("a\x1b", 2), "holds a control character");
    assert_string_equal(pt_text_fault("\xc2\x9b", 2), "holds a control character");
    assert_string_equal(pt_text_fault("\xff", 1), "is not in UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_length_follow_each_other),
        cmocka_unit_test(bytes_may_be_nul),
        cmocka_unit_test(bytes_have_letters_in_base64),
        cmocka_unit_test(an_empty_text_can_be_taken),
        cmocka_unit_test(a_buffer_takes_what_it_has_room_for),
        cmocka_unit_test(a_buffer_is_cut_between_characters),
        cmocka_unit_test(a_failure_is_remembered),
        cmocka_unit_test(scores_are_read_in_any_unit),
        cmocka_unit_test(texts_for_people_have_no_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
