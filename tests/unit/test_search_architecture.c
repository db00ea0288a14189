/* architecture.json brings back the network it was written from, and the picture shows
 * what is alive and nothing else. */
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
#include "polytree/io/file.h"
#include "polytree/picture/diagram.h"
#include "polytree/record/architecture.h"
#include "polytree/search/fingerprint.h"

enum { N_TASK = 5, MANY = 8, N_NODE = 4 };

typedef struct world {
    pt_config_t config;
    pt_space_t *space;
    pt_subnet_t subnet;
    char path[64];
} world_t;

static void open_choice(world_t *w, int32_t task, pt_choice_kind_t kind, int32_t i,
                        int32_t j)
{
    int32_t c = pt_space_find_choice(w->space, kind, i, j);
    assert_true(c >= 0);
    pt_subnet_switch(&w->subnet, task, c, true);
}

/* Task 1: 3-4; all others: 1-2-4. */
static void make_network(world_t *w, int32_t n_task)
{
    static const pt_space_task_t task[MANY] = {
        {"left", 3, false}, {"says \"no\" & <b>", 2, false},
        {"c", 2, false},    {"d", 2, false},
        {"e", 2, false},    {"f", 2, false},
        {"g", 2, false},    {"h", 2, false}};
    pt_space_spec_t spec = {8, 8, 1, n_task, task, NULL};
    pt_config_t *config = &w->config;
    pt_config_init(config);
    config->space.nodes = N_NODE;
    config->space.flow = 2;
    config->space.min_depth = 1;
    config->train.microbatch = 2;
    assert_int_equal(pt_space_new(config, &spec, NULL, &w->space), PT_OK);
    assert_int_equal(pt_subnet_init(&w->subnet, n_task, w->space->n_choice), PT_OK);
    for (int32_t k = 0; k < n_task; k++) {
        if (k == 1) {
            open_choice(w, k, PT_CHOICE_IN, 0, 3);
            open_choice(w, k, PT_CHOICE_EDGE, 3, 4);
        } else {
            open_choice(w, k, PT_CHOICE_IN, 0, 1);
            open_choice(w, k, PT_CHOICE_EDGE, 1, 2);
            open_choice(w, k, PT_CHOICE_EDGE, 2, 4);
        }
        open_choice(w, k, PT_CHOICE_OUT, 4, 0);
    }
}

static int set_up(void **state)
{
    static world_t w;
    int fd;
    make_network(&w, N_TASK);
    strcpy(w.path, "/tmp/polytree-architecture-XXXXXX");
    fd = mkstemp(w.path);
    assert_true(fd >= 0);
    close(fd);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world_t *w = *state;
    unlink(w->path);
    pt_subnet_release(&w->subnet);
    pt_space_free(w->space);
    return pt_memory_bytes() != 0;
}

static void assert_read_back(const world_t *w)
{
    pt_space_t *space;
    pt_subnet_t back;
    assert_int_equal(pt_architecture_open(&w->config, w->path, &space, &back), PT_OK);
    assert_int_equal(space->n_task, N_TASK);
    assert_int_equal(space->n_choice, w->space->n_choice);
    for (int32_t k = 0; k < N_TASK; k++)
        assert_string_equal(space->task[k].name, w->space->task[k].name);
    assert_memory_equal(back.bits, w->subnet.bits, N_TASK * back.words * sizeof *back.bits);
    assert_memory_equal(back.gate, w->subnet.gate,
                        N_TASK * (size_t)back.n_choice * sizeof *back.gate);
    pt_subnet_release(&back);
    pt_space_free(space);
}

static void what_was_written_is_read_back(void **state)
{
    world_t *w = *state;
    pt_alpha_t alpha;
    assert_int_equal(pt_alpha_init(&alpha, N_TASK, w->space->n_choice), PT_OK);
    assert_int_equal(pt_architecture_write(w->space, &w->subnet, &alpha, NULL, w->path),
                     PT_OK);
    assert_read_back(w);
    pt_alpha_release(&alpha);
}

/* A choice that hangs loose is no part of the network. */
static void dead_ends_are_left_out(void **state)
{
    world_t *w = *state;
    int32_t c = pt_space_find_choice(w->space, PT_CHOICE_EDGE, 2, 3);
    pt_subnet_switch(&w->subnet, 4, c, true);
    assert_int_equal(pt_architecture_write(w->space, &w->subnet, NULL, NULL, w->path),
                     PT_OK);
    pt_subnet_switch(&w->subnet, 4, c, false);
    assert_read_back(w);
}

static void assert_refused(world_t *w, const char *text, pt_status_t expected,
                           const char *word)
{
    pt_space_t *space;
    pt_subnet_t back;
    assert_int_equal(pt_file_write(w->path, text, strlen(text)), PT_OK);
    assert_int_equal(pt_architecture_open(&w->config, w->path, &space, &back), expected);
    assert_non_null(strstr(pt_error_message(), word));
}

#define HEAD "{\"format\": \"polytree architecture\", \"version\": "
#define TASK                                                                               \
    HEAD "1, \"space\": {\"nodes\": [{\"height\": 8, \"width\": 8, \"channels\": 1}]}, "   \
         "\"tasks\": [{\"name\": \"left\""

static void bad_files_are_refused(void **state)
{
    world_t *w = *state;
    assert_refused(w, "{\"tasks\": [", PT_E_FORMAT, w->path);
    assert_refused(w, "[]", PT_E_FORMAT, "not a polytree architecture");
    assert_refused(w, "{\"format\": \"other\"}", PT_E_FORMAT, "not a polytree");
    assert_refused(w, HEAD "9}", PT_E_FORMAT, "version 9");
    assert_refused(w, HEAD "1, \"tasks\": []}", PT_E_FORMAT, "no tasks");
    assert_refused(w, HEAD "1, \"tasks\": [{\"name\": \"left\"}]}", PT_E_FORMAT,
                   "no nodes");
    assert_refused(w, TASK "}]}", PT_E_FORMAT, "outputs");
    assert_refused(w, TASK ", \"outputs\": 3}]}", PT_E_FORMAT, "choices");
    assert_refused(w,
                   TASK ", \"outputs\": 3, \"choices\": [{\"kind\": \"edge\", \"i\": 1, "
                        "\"j\": 4}]}]}",
                   PT_E_MISMATCH, "edge (1, 4)");
    assert_refused(w, TASK ", \"outputs\": 3, \"choices\": [{\"kind\": \"knot\"}]}]}",
                   PT_E_FORMAT, "knot");
}

static char *drawing(const world_t *w, int32_t task)
{
    char *text;
    size_t bytes;
    FILE *file = open_memstream(&text, &bytes);
    assert_non_null(file);
    assert_int_equal(pt_diagram_dot(w->space, &w->subnet, task, file), PT_OK);
    fclose(file);
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
    assert_non_null(strstr(all, "left\\n3 outputs, 2 edges"));
    assert_non_null(strstr(all, "says \\\"no\\\" &amp; <b>\\n2 outputs, 1 edge\""));
    assert_non_null(strstr(one, "n4 -> n5"));
    assert_null(strstr(one, "n2 -> n3"));
    free(all);
    free(one);
    assert_int_equal(pt_diagram_dot(w->space, &w->subnet, N_TASK, stdout), PT_E_RANGE);
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
    free(text);
    pt_subnet_release(&w.subnet);
    pt_space_free(w.space);
}

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
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(dead_ends_are_left_out),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(the_picture_has_the_edges_in_use),
        cmocka_unit_test(the_legend_groups_many_tasks),
        cmocka_unit_test(fingerprints_name_what_differs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
