/* Words and picture of a branch space's network show its branching and nothing else. */
#include "polytree/base/rng.h"
#include "polytree/picture/diagram.h"
#include "polytree/picture/outline.h"
#include "tests/unit/tree_network.h"

static void assert_words(const world_t *w, int32_t task, const char *expected)
{
    pt_text_t text = {0};
    assert_int_equal(pt_outline_branching(w->space, &w->subnet, task, &text), PT_OK);
    assert_string_equal(pt_text_get(&text), expected);
    pt_text_release(&text);
}

static void branchings_are_put_into_words(void **state)
{
    const char *const open[] = {"space.copies=3", NULL};
    const char *const single[] = {"search.method=single", NULL};
    world_t *w = *state;
    build_derived(w);
    assert_words(w, -1,
                 "stem-l01 all | l02 {a b <&> \"c\" d} {depth} | l03 {a d} {b <&> \"c\"} "
                 "{depth}");
    assert_words(w, 3, "stem-l01 with all | l02 with a b <&> \"c\" | l03 with a");
    assert_words(w, 2, "stem-l01 with all | l02-l03 alone");
    drop(w);
    set(w, open);
    build(w, N_TASK, tasks, NULL);
    for (int32_t k = 0; k < N_TASK; k++)
        for (int32_t c = 0; c < w->space->n_choice; c++)
            pt_subnet_switch(&w->subnet, k, c, true);
    assert_words(w, -1, "stem all | l01-l03 3 copies of each");
    drop(w);
    set(w, single);
    build(w, N_TASK, tasks, NULL);
    assert_words(w, -1, "stem-l03 each alone");
    drop(w);
}

static char *drawing(const world_t *w, int32_t task)
{
    pt_text_t out = {0};
    char *text;
    assert_int_equal(pt_diagram_dot(w->space, &w->subnet, task, &out), PT_OK);
    assert_int_equal(pt_text_steal(&out, &text), PT_OK);
    return text;
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        n++;
    return n;
}

/* Nodes by layer, then task: 0 stem-l01, 1 l02 {0 1 3}, 2 l02-l03 {2}, 3 l03 {0 3}, 4 l03
 * {1}. */
static void the_picture_is_the_tree(void **state)
{
    world_t *w = *state;
    build_derived(w);
    char *all = drawing(w, -1), *one = drawing(w, 1);
    /* Boxes, edges to boxes, edges to tasks, and the line that says what nodes look like.
     */
    assert_int_equal(count(all, "\n  n"), 5 + 4 + N_TASK + 1);
    assert_non_null(strstr(all, "<B>stem-l01</B>"));
    assert_non_null(strstr(all, "<B>l02-l03</B>"));
    assert_non_null(strstr(all, "l01 also goes to the heads"));
    assert_int_equal(count(all, "also goes"), 1);
    assert_non_null(strstr(all, "input -> n0 [color=gray"));
    assert_non_null(strstr(
        all,
        "n0 -> n1 [penwidth=2, color=\"#1f77b4:#d62728:#ff7f0e\", class=\"t0 t1 t3 \"]"));
    assert_non_null(strstr(all, "n0 -> n2 [penwidth=2, color=\"#2ca02c\", class=\"t2 \"]"));
    assert_non_null(strstr(all, "n1 -> n3 ["));
    assert_non_null(strstr(all, "n1 -> n4 ["));
    assert_non_null(strstr(all, "n3 -> t0 ["));
    assert_non_null(strstr(all, "n4 -> t1 ["));
    assert_non_null(strstr(all, "n2 -> t2 ["));
    assert_non_null(strstr(all, "n3 -> t3 ["));
    assert_non_null(strstr(all, "<B>b &#60;&#38;&#62; &#34;c&#34;</B>"));
    assert_int_equal(count(one, "\n  n"), 3 + 2 + 1 + 1);
    assert_non_null(strstr(one, "n4 -> t1 ["));
    assert_null(strstr(one, "t0"));
    pt_free(all);
    pt_free(one);
    pt_text_t out = {0};
    assert_int_equal(pt_diagram_dot(w->space, &w->subnet, N_TASK, &out), PT_E_RANGE);
    drop(w);
}

/* Sum of the numbers behind `word`. */
static int sum_behind(const char *text, const char *word)
{
    int sum = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        sum += atoi(at + strlen(word));
    return sum;
}

/* However 200 tasks branch, the picture has boxes for no more than can be seen at once,
 * and each task hangs at one of them: by its name, or counted. */
static void the_picture_of_many_tasks_is_bounded(void **state)
{
    static const int32_t n_copy[][N_LAYER] = {{1, 1, 1}, {200, 1, 1}, {1, 1, 200},
                                              {8, 8, 8}, {3, 20, 2},  {60, 2, 1}};
    const char *const option[] = {NULL};
    world_t *w = *state;
    pt_space_task_t task[MANY];
    pt_branching_t b;
    int32_t copy[N_LAYER * MANY];
    assert_int_equal(pt_branching_init(&b, N_LAYER, MANY), PT_OK);
    for (int32_t k = 0; k < MANY; k++) {
        task[k] = (pt_space_task_t){"", 2, false};
        snprintf(task[k].name, sizeof task[k].name, "task%d", (int)k);
    }
    for (uint32_t i = 0; i < sizeof n_copy / sizeof *n_copy; i++) {
        pt_rng_t rng = {.seed = 5, .purpose = PT_RNG_DRAW, .step = i};
        for (int32_t j = 0; j < N_LAYER * MANY; j++) {
            int32_t n = n_copy[i][j / MANY];
            copy[j] =
                n == MANY ? j % MANY : (int32_t)(pt_rng_uniform(&rng, (uint64_t)j) * n);
        }
        pt_branching_of_copies(copy, &b);
        set(w, option);
        build(w, MANY, task, &b);
        pt_copies_switch(w->space, b.group, &w->subnet);
        char *text = drawing(w, -1);
        int n_box = count(text, "<B>"), n_name = count(text, "\"LEFT\">task");
        assert_true(n_box >= 1 && n_box <= 40);
        assert_int_equal(n_name + sum_behind(text, "\"LEFT\">and "), MANY);
        pt_free(text);
        drop(w);
    }
    pt_branching_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branchings_are_put_into_words),
        cmocka_unit_test(the_picture_is_the_tree),
        cmocka_unit_test(the_picture_of_many_tasks_is_bounded),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
