/* Matching the tensors of a weights file with those of a space, by name and shape. */
#include "polytree/graph/weights_match.h"

#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"

/* Names in a note, and bytes of one. */
enum { MAX_NAMED = 3, MAX_NAME = 2 * PT_PARAM_NAME };

static const pt_candidate_t *owner_of(const pt_space_t *space, int32_t group)
{
    for (int32_t c = 0; c < space->n_candidate; c++)
        if (space->candidate[c].group == group)
            return &space->candidate[c];
    return NULL;
}

static const pt_record_t *find_source(const pt_space_t *space, const pt_candidate_t *owner,
                                      const pt_param_t *param,
                                      const pt_checkpoint_t *weights)
{
    const char *rest = param->name + strlen(space->store.group[param->group].name);
    const pt_record_t *found = pt_checkpoint_find(weights, param->name);
    char own[24], name[MAX_NAME];

    if (found == NULL && owner->task >= 0) {
        int n = snprintf(own, sizeof own, "task%d_", (int)owner->task);
        if (strncmp(param->name, own, (size_t)n) == 0)
            found = pt_checkpoint_find(weights, param->name + n);
    }
    if (found == NULL && owner->choice >= 0 &&
        space->choice[owner->choice].kind == PT_CHOICE_COPY) {
        snprintf(name, sizeof name, "l%02d%s", (int)space->choice[owner->choice].i, rest);
        found = pt_checkpoint_find(weights, name);
    }
    return found;
}

static const char *shape_text(const int64_t *dim, int32_t n_dim, char text[96])
{
    pt_text_t out = pt_text_in(text, 96);

    pt_text_add(&out, "%s", n_dim == 0 ? "no dimension" : "");
    for (int32_t d = 0; d < n_dim; d++)
        pt_text_add(&out, "%s%lld", d > 0 ? "x" : "", (long long)dim[d]);
    return text;
}

static pt_status_t check_source(const pt_record_t *record, const pt_param_t *param,
                                const char *path)
{
    bool is_same = record->dtype == PT_DTYPE_F32 && record->n_dim == param->n_dim;
    char got[96], want[96];

    for (int32_t d = 0; d < param->n_dim; d++)
        is_same = is_same && record->dim[d] == param->dim[d];
    if (!is_same)
        PT_FAIL(SHAPE, "%s: '%s' has the shape %s, expected %s for %s", path, record->name,
                shape_text(record->dim, record->n_dim, got),
                shape_text(param->dim, param->n_dim, want), param->name);
    return PT_OK;
}

/** Names in a note: the first few, and how many there are besides. */
typedef struct name_list {
    pt_text_t *text;
    int32_t n;
} name_list_t;

static void list_add(name_list_t *list, const char *begin, const char *name)
{
    if (list->n++ < MAX_NAMED)
        pt_text_add(list->text, "%s%.60s", list->n == 1 ? begin : ", ", name);
}

static void list_end(name_list_t *list)
{
    if (list->n > MAX_NAMED)
        pt_text_add(list->text, " and %d more", (int)(list->n - MAX_NAMED));
}

/** Groups without any tensor in the file, and single tensors of the others. */
static void note_missing(const pt_store_t *store, const pt_weights_match_t *match,
                         name_list_t *list)
{
    static const char begin[] = "; not in it: ";

    for (int32_t g = 0; g < store->n_group; g++) {
        const pt_group_t *group = &store->group[g];
        int32_t n = 0;
        for (int32_t i = 0; i < group->n_param; i++)
            n += match->source[group->first_param + i] != NULL;
        if (n == 0)
            list_add(list, begin, group->name);
        for (int32_t i = 0; n > 0 && i < group->n_param; i++)
            if (match->source[group->first_param + i] == NULL)
                list_add(list, begin, store->param[group->first_param + i].name);
    }
    list_end(list);
}

static pt_status_t note_unused(const pt_checkpoint_t *weights, pt_weights_match_t *match,
                               name_list_t *list)
{
    bool *is_used;

    PT_TRY(pt_alloc(&is_used, (size_t)weights->n_record, sizeof *is_used));
    for (int32_t p = 0; p < match->n_param; p++)
        if (match->source[p] != NULL)
            is_used[match->source[p] - weights->record] = true;
    for (int32_t i = 0; i < weights->n_record; i++)
        if (!is_used[i])
            list_add(list, "; of no use: ", weights->record[i].name);
    match->n_unused = list->n;
    list_end(list);
    pt_free(is_used);
    return PT_OK;
}

static pt_status_t fill(const pt_space_t *space, const pt_checkpoint_t *weights,
                        const char *path, pt_weights_match_t *match)
{
    const pt_store_t *store = &space->store;
    pt_text_t note = pt_text_in(match->note, sizeof match->note);
    name_list_t missing = {&note, 0}, unused = missing;

    for (int32_t g = 0; g < store->n_group; g++) {
        const pt_group_t *group = &store->group[g];
        const pt_candidate_t *owner = owner_of(space, g);
        for (int32_t p = group->first_param; p < group->first_param + group->n_param; p++) {
            const pt_record_t *found = find_source(space, owner, &store->param[p], weights);
            if (found != NULL)
                PT_TRY(check_source(found, &store->param[p], path));
            match->source[p] = found;
            match->n_matched += found != NULL;
        }
    }
    if (weights->n_record == 0)
        PT_FAIL(MISMATCH, "%s: there are no tensors in it", path);
    if (match->n_matched == 0)
        PT_FAIL(MISMATCH,
                "%s: none of its tensors (%d) has a place in this network: expected names "
                "like '%s', got '%s'",
                path, (int)weights->n_record,
                store->n_param > 0 ? store->param[0].name : "", weights->record[0].name);
    pt_text_add(&note, "%d of %d tensors from %.120s", (int)match->n_matched,
                (int)match->n_param, path);
    note_missing(store, match, &missing);
    return note_unused(weights, match, &unused);
}

pt_status_t pt_weights_match(const pt_space_t *space, const pt_checkpoint_t *weights,
                             const char *path, pt_weights_match_t *match)
{
    pt_weights_match_t made = {.n_param = space->store.n_param};
    pt_status_t status;

    PT_TRY(pt_alloc(&made.source, (size_t)made.n_param, sizeof *made.source));
    PT_TRY_OR(failed, fill(space, weights, path, &made));
    *match = made;
    return PT_OK;
failed:
    pt_weights_match_release(&made);
    return status;
}

void pt_weights_match_release(pt_weights_match_t *match)
{
    pt_free(match->source);
    *match = (pt_weights_match_t){.n_param = 0};
}
