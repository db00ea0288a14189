/* Fingerprints of machines say in what two of them differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "polytree/search/fingerprint.h"

static void fingerprints_name_what_differs(void **state)
{
    char out[256];
    (void)state;
    assert_int_equal(pt_fingerprint_compare("a: 1\nb: 2\n", "a: 1\nb: 2\n", out, 256), 0);
    assert_string_equal(out, "");
    assert_int_equal(pt_fingerprint_compare("a: 1\nb: 2\n", "b: 3\na: 1\n", out, 256), 1);
    assert_string_equal(out, "b (2, 3)");
    assert_int_equal(pt_fingerprint_compare("a: 1\n", "ab: 1\n", out, 256), 2);
    assert_string_equal(out, "a (1, none); ab (none, 1)");
    assert_int_equal(pt_fingerprint_compare("a: 1\nb: 2\n", "a: 9\nb: 9\n", out, 5), 2);
    assert_int_equal(strlen(out), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprints_name_what_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
