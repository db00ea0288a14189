/* Parts that weight steps leave as they are: no update, no decay, no moments. */
#include <stdio.h>
#include <string.h>

#include "polytree/base/memory.h"
#include "polytree/base/text.h"
#include "train/trainer.h"

static const char between[] = " \t\r\n,";

static bool begins_with(const char *name, const char *word, size_t bytes)
{
    return strncmp(name, word, bytes) == 0 &&
           (name[bytes] == '\0' || name[bytes] == '.' || name[bytes] == '_');
}

/* "task3_stem" is a task's own "stem". */
static const char *without_task(const char *name)
{
    size_t digits = strncmp(name, "task", 4) == 0 ? strspn(name + 4, "0123456789") : 0;
    return digits > 0 && name[4 + digits] == '_' ? name + 4 + digits + 1 : name;
}

static int32_t freeze_word(const pt_trainer_t *t, const char *word, size_t bytes)
{
    const pt_store_t *store = &t->space->store;
    bool is_all = bytes == 3 && memcmp(word, "all", 3) == 0;
    int32_t n = 0;

    for (int32_t g = 0; g < store->n_group; g++) {
        const char *name = store->group[g].name;
        bool is_head = store->group[g].task >= 0 && begins_with(name, "head", 4);
        if (is_all ? is_head
                   : !begins_with(name, word, bytes) &&
                         !begins_with(without_task(name), word, bytes))
            continue;
        t->step.is_frozen[g] = true;
        n++;
    }
    return n;
}

/* The first words of groups' names, each once: what a word may be. */
static void list_parts(const pt_store_t *store, pt_text_t *out)
{
    enum { SHOWN = 16 };
    int32_t n = 0;
    for (int32_t g = 0; g < store->n_group; g++) {
        const char *name = without_task(store->group[g].name);
        size_t bytes = strcspn(name, "._");
        bool is_new = true;
        for (int32_t h = 0; is_new && h < g; h++)
            is_new = !begins_with(without_task(store->group[h].name), name, bytes);
        if (is_new && n++ < SHOWN)
            pt_text_add(out, "%s%.*s", n > 1 ? ", " : "", (int)bytes, name);
    }
    if (n > SHOWN)
        pt_text_add(out, " and %d more", (int)(n - SHOWN));
}

static pt_status_t fail_part(const pt_store_t *store, const char *word, size_t bytes)
{
    char parts[256];
    pt_text_t list = pt_text_in(parts, sizeof parts);
    list_parts(store, &list);
    PT_FAIL(CONFIG, "warmup.freeze: no part is called '%.*s', or begins so; there are %s",
            (int)(bytes < 64 ? bytes : 64), word, parts);
}

pt_status_t pt_trainer_find_frozen(pt_trainer_t *trainer)
{
    pt_trainer_t *t = trainer;
    const char *w = t->config->warmup.freeze;

    t->step.knows_frozen = true;
    for (w += strspn(w, between); *w; w += strspn(w, between)) {
        size_t bytes = strcspn(w, between);
        if (freeze_word(t, w, bytes) == 0)
            return fail_part(&t->space->store, w, bytes);
        t->step.has_frozen = true;
        w += bytes;
    }
    return PT_OK;
}

/* Of a run that goes on they are found by its first step; later forms have other names. */
pt_status_t trainer_leave_frozen(pt_trainer_t *t, bool *is_used)
{
    if (!t->step.knows_frozen)
        PT_TRY(pt_trainer_find_frozen(t));
    if (!t->step.has_frozen)
        return PT_OK;
    for (int32_t g = 0; g < t->space->store.n_group; g++) {
        t->step.in_vain[g] = is_used[g] && t->step.is_frozen[g];
        is_used[g] = is_used[g] && !t->step.is_frozen[g];
    }
    shard_clear(&t->shard, t->step.in_vain);
    return PT_OK;
}
