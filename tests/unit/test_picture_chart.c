/* Charts put what they are given where their axes say, and quote what strangers name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "picture/plot.h"
#include "polytree/picture/chart.h"

static void numbers_are_where_the_axis_says(void **state)
{
    const plot_t p = {
        .left = 10, .top = 20, .width = 100, .height = 50, .x = {0, 4}, .y = {-1, 1}};
    (void)state;
    assert_true(plot_x(&p, 0) == 10 && plot_x(&p, 4) == 110 && plot_x(&p, 1) == 35);
    assert_true(plot_y(&p, 1) == 20 && plot_y(&p, -1) == 70 && plot_y(&p, 0) == 45);
}

/* A metric of 0 to 1 has no axis beyond. */
static void axes_have_room_but_none_where_no_number_is(void **state)
{
    plot_range_t r = plot_nothing;
    (void)state;
    plot_widen(&r, 0.5, 0.1);
    plot_widen(&r, 0.99, 0);
    plot_widen(&r, (double)NAN, 0);
    plot_pad(&r, 0.1);
    assert_true(r.high == 1 && r.low < 0.4 && r.low > 0.3);
    r = (plot_range_t){-3, 5};
    plot_pad(&r, 0.5);
    assert_true(r.low == -7 && r.high == 9);
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (; (text = strstr(text, word)) != NULL; text += strlen(word))
        n++;
    return n;
}

/* However many points there are, a column has four of them at most, the outermost among
 * them. */
static void a_long_curve_keeps_its_peaks(void **state)
{
    enum { N = 200000 };
    const plot_t p = {
        .left = 0, .top = 0, .width = 100, .height = 100, .x = {0, N}, .y = {0, 1}};
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    pt_text_t svg = {0};
    (void)state;
    for (int i = 0; i < N; i++) {
        x[i] = i;
        y[i] = 0.5;
    }
    y[N / 3] = 1;
    y[N / 2] = 0;
    plot_curve(&p, "red", N, x, y, &svg);
    assert_true(svg.n < 200 * 4 * 16);
    assert_non_null(strstr(pt_text_get(&svg), " 0.0L"));
    assert_non_null(strstr(pt_text_get(&svg), " 100.0L"));
    pt_text_release(&svg);
    free(x);
    free(y);
}

static void names_of_strangers_are_texts(void **state)
{
    static const char evil[] = "</text><script>\"'&";
    const pt_chart_row_t row[] = {{evil, 0.5, 0.1}, {"nothing", (double)NAN, 0}};
    const pt_chart_point_t point[] = {
        {.name = evil, .colour = "red", .x = 1, .y = 2},
        {.colour = "grey", .x = 3, .y = 4, .is_on_curve = true},
        {.name = "b", .colour = "blue", .x = 5, .y = 1, .error = 1}};
    const char *const title[2] = {evil, evil};
    pt_text_t svg = {0};
    (void)state;
    pt_chart_rows(evil, 2, row, &svg);
    pt_chart_points(title, 3, point, &svg);
    assert_int_equal(svg.status, PT_OK);
    assert_null(strstr(pt_text_get(&svg), "<script"));
    assert_int_equal(count(pt_text_get(&svg), "&lt;/text&gt;&lt;script&gt;&#34;&#39;&amp;"),
                     8);
    assert_int_equal(count(pt_text_get(&svg), "<svg "), 2);
    assert_int_equal(count(pt_text_get(&svg), "</svg>"), 2);
    assert_null(strstr(pt_text_get(&svg), "nan"));
    pt_text_release(&svg);
}

/* Nothing, and one point, make charts too. */
static void charts_of_little_have_finite_numbers(void **state)
{
    const char *const title[2] = {"x", "y"};
    const pt_chart_point_t point = {.name = "a", .colour = "red", .x = 3, .y = 1};
    const pt_chart_row_t row = {"a", (double)NAN, 0};
    pt_text_t svg = {0};
    (void)state;
    pt_chart_points(title, 0, NULL, &svg);
    pt_chart_points(title, 1, &point, &svg);
    pt_chart_rows("x", 1, &row, &svg);
    assert_int_equal(svg.status, PT_OK);
    assert_null(strstr(pt_text_get(&svg), "nan"));
    assert_null(strstr(pt_text_get(&svg), "inf"));
    assert_int_equal(count(pt_text_get(&svg), "</svg>"), 3);
    pt_text_release(&svg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_where_the_axis_says),
        cmocka_unit_test(axes_have_room_but_none_where_no_number_is),
        cmocka_unit_test(a_long_curve_keeps_its_peaks),
        cmocka_unit_test(names_of_strangers_are_texts),
        cmocka_unit_test(charts_of_little_have_finite_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
