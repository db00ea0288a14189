/* architecture.json brings back the network of a dag space that it was written from. */
#include "polytree/io/file.h"
#include "polytree/record/architecture.h"
#include "tests/unit/dag_network.h"

static void assert_read_back(const world_t *w)
{
    pt_architecture_t back;
    assert_int_equal(pt_architecture_open(&w->config, w->path, &back), PT_OK);
    assert_int_equal(back.space->n_task, N_TASK);
    assert_int_equal(back.space->n_choice, w->space->n_choice);
    for (int32_t k = 0; k < N_TASK; k++)
        assert_string_equal(back.space->task[k].name, w->space->task[k].name);
    assert_memory_equal(back.subnet.bits, w->subnet.bits,
                        N_TASK * back.subnet.words * sizeof *back.subnet.bits);
    assert_memory_equal(back.subnet.gate, w->subnet.gate,
                        N_TASK * (size_t)back.subnet.n_choice * sizeof *back.subnet.gate);
    pt_architecture_release(&back);
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
    pt_architecture_t back;
    assert_int_equal(pt_file_write(w->path, text, strlen(text)), PT_OK);
    assert_int_equal(pt_architecture_open(&w->config, w->path, &back), expected);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(dead_ends_are_left_out),
        cmocka_unit_test(bad_files_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
