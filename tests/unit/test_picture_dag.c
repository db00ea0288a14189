/* The picture of a dag space's network shows what is alive and nothing else. */
#include "polytree/picture/diagram.h"
#include "tests/unit/dag_network.h"

static char *drawing(const world_t *w, int32_t task)
{
    pt_text_t out = {0};
    char *text;
    assert_int_equal(pt_diagram_dot(w->space, &w->subnet, task, &out), PT_OK);
    assert_int_equal(pt_text_steal(&out, &text), PT_OK);
    return text;
}

/* Nodes of the space: 0 input, 1 x, 2..5 v1..v4, 6 y. */
static void the_picture_has_the_edges_in_use(void **state)
{
    world_t *w = *state;
    char *all = drawing(w, -1), *one = drawing(w, 1);
    assert_non_null(strstr(all, "n2 -> n3 [color=gray35"));
    assert_non_null(strstr(all, "label=\"all but\\nsays \\\"no\\\" &amp; <b>\""));
    assert_non_null(strstr(all, "label=\"all\""));
    assert_non_null(strstr(all, "n4 -> n5 [color=\"#"));
    assert_null(strstr(all, "n3 -> n4"));
    assert_non_null(strstr(all, "class=t1]"));
    assert_null(strstr(one, "class="));
    assert_non_null(strstr(all, "left\\n3 outputs, 2 edges"));
    assert_non_null(strstr(all, "says \\\"no\\\" &amp; <b>\\n2 outputs, 1 edge\""));
    assert_non_null(strstr(one, "n4 -> n5"));
    assert_null(strstr(one, "n2 -> n3"));
    pt_free(all);
    pt_free(one);
    pt_text_t out = {0};
    assert_int_equal(pt_diagram_dot(w->space, &w->subnet, N_TASK, &out), PT_E_RANGE);
}

/* Many tasks have no boxes of their own: those with the same graph share a row, and only a
 * task with a line in its colour has a mark of that colour. */
static void the_legend_groups_many_tasks(void **state)
{
    world_t w;
    (void)state;
    make_network(&w, MANY);
    char *text = drawing(&w, -1);
    assert_non_null(strstr(text, ">in 1 | edges 1-2 2-4 | out 4</TD>"));
    assert_non_null(strstr(text, ">left, c, d, e, f,<BR ALIGN=\"LEFT\"/>g, h<BR"));
    assert_non_null(strstr(text, ">in 3 | edges 3-4 | out 4</TD>"));
    assert_non_null(strstr(text, "&#9632;</FONT> says &#34;no&#34; &#38; &#60;b&#62;<BR"));
    char *mark = strstr(text, "&#9632;");
    assert_null(strstr(mark + 1, "&#9632;"));
    pt_free(text);
    pt_subnet_release(&w.subnet);
    pt_space_free(w.space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_picture_has_the_edges_in_use),
        cmocka_unit_test(the_legend_groups_many_tasks),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
