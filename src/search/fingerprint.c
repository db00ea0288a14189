/* Making and comparing fingerprints: the machine and libraries that bits depend on. */
#include "polytree/search/fingerprint.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polytree/base/hash.h"
#include "polytree/base/memory.h"
#include "polytree/base/text.h"

enum { ITEM_BYTES = 256, RESERVED = 64 };

/* Text is added line by line; lines that do not fit become one hash at the end. */
typedef struct text {
    char *at;
    size_t left;
    uint64_t rest;
} text_t;

PT_PRINTF(2, 3)
static void add_line(text_t *t, const char *format, ...)
{
    char line[ITEM_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t bytes = strlen(line);
    if (bytes + 1 + RESERVED > t->left) {
        t->rest = pt_hash64(line, bytes, t->rest);
        return;
    }
    memcpy(t->at, line, bytes);
    t->at[bytes] = '\n';
    t->at += bytes + 1;
    t->left -= bytes + 1;
}

/* The program itself; what it links statically is in it. */
static uint64_t hash_program(void)
{
    static char piece[1 << 16];
    uint64_t hash = 0;
    size_t bytes;
    FILE *file = fopen("/proc/self/exe", "rb");
    if (file == NULL)
        return 0;
    while ((bytes = fread(piece, 1, sizeof piece, file)) > 0)
        hash = pt_hash64(piece, bytes, hash);
    fclose(file);
    return hash;
}

static void add_caches(text_t *t)
{
#ifdef _SC_LEVEL1_DCACHE_SIZE
    add_line(t, "caches: %ld %ld %ld", sysconf(_SC_LEVEL1_DCACHE_SIZE),
             sysconf(_SC_LEVEL2_CACHE_SIZE), sysconf(_SC_LEVEL3_CACHE_SIZE));
#else
    add_line(t, "caches: unknown");
#endif
}

/* Which code a convolution runs depends on its shape: one line for each there is. */
static void add_convolutions(text_t *t, const pt_space_t *space)
{
    for (int32_t i = 0; i < space->n_op; i++) {
        const pt_op_inst_t *inst = &space->op[i].inst;
        char in[64], line[ITEM_BYTES];
        const char *name = pt_op_kernel_name(inst);
        if (name == NULL)
            continue;
        snprintf(line, sizeof line,
                 "%s %s to %d, window %d, stride %d, dilation %d, groups %d",
                 inst->op->name, pt_shape_text(inst->in[0], in), (int)inst->attr.channels,
                 (int)inst->attr.kernel, (int)inst->attr.stride, (int)inst->attr.dilation,
                 (int)inst->attr.groups);
        bool is_new = true;
        for (int32_t j = 0; j < i && is_new; j++) {
            const pt_op_inst_t *other = &space->op[j].inst;
            is_new = other->op != inst->op || !pt_shape_equal(other->in[0], inst->in[0]) ||
                     other->attr.channels != inst->attr.channels ||
                     other->attr.kernel != inst->attr.kernel ||
                     other->attr.stride != inst->attr.stride ||
                     other->attr.dilation != inst->attr.dilation ||
                     other->attr.groups != inst->attr.groups;
        }
        if (is_new)
            add_line(t, "%s: %s", line, name);
    }
}

void pt_fingerprint_make(const pt_space_t *space, const pt_kernel_t *kernel,
                         pt_fingerprint_t *fingerprint)
{
    text_t t = {.at = fingerprint->text, .left = sizeof fingerprint->text};
    const char *core = getenv("OPENBLAS_CORETYPE");
    *fingerprint = (pt_fingerprint_t){{0}, {0}};
    gethostname(fingerprint->node, sizeof fingerprint->node - 1);
    add_line(&t, "program: %s %016" PRIx64, PT_VERSION, hash_program());
    for (int32_t i = 0; pt_kernel_library(i) != NULL; i++)
        add_line(&t, "library %d: %s", (int)i + 1, pt_kernel_library(i));
    add_line(&t, "kernels: %s", pt_backend_name(kernel->backend));
    add_line(&t, "instruction set: %s", pt_isa_name(kernel->isa));
    add_line(&t, "threads: %d", (int)kernel->threads);
    add_line(&t, "OPENBLAS_CORETYPE: %s", core == NULL ? "unset" : core);
    add_caches(&t);
    add_convolutions(&t, space);
    if (t.rest != 0)
        snprintf(t.at, t.left, "other convolutions: %016" PRIx64 "\n", t.rest);
}

/* The line of `text` with the same item (what stands before ": "), or NULL. */
static const char *find_item(const char *text, const char *item, size_t bytes)
{
    for (const char *line = text; *line != '\0';) {
        const char *end = strchr(line, '\n');
        if (strncmp(line, item, bytes) == 0 && strncmp(line + bytes, ": ", 2) == 0)
            return line;
        if (end == NULL)
            break;
        line = end + 1;
    }
    return NULL;
}

static size_t item_bytes(const char *line)
{
    const char *colon = strstr(line, ": ");
    return colon == NULL ? strcspn(line, "\n") : (size_t)(colon - line);
}

static int value_of(const char *line, const char **value)
{
    *value = line == NULL ? "none" : line + item_bytes(line) + 2;
    return (int)strcspn(*value, "\n");
}

static void add_difference(pt_text_t *out, const char *item, const char *ours,
                           const char *theirs)
{
    const char *a, *b;
    int n_a = value_of(ours, &a), n_b = value_of(theirs, &b);
    pt_text_add(out, "%s%.*s (%.*s, %.*s)", out->n > 0 ? "; " : "", (int)item_bytes(item),
                item, n_a, a, n_b, b);
}

int32_t pt_fingerprint_compare(const char *ours, const char *theirs, char *out,
                               size_t bytes)
{
    int32_t n = 0;
    pt_text_t differences = pt_text_in(out, bytes);
    for (int32_t side = 0; side < 2; side++) {
        const char *next;
        for (const char *line = side == 0 ? ours : theirs; *line != '\0'; line = next) {
            size_t n_line = strcspn(line, "\n");
            const char *other =
                find_item(side == 0 ? theirs : ours, line, item_bytes(line));
            next = line + n_line + (line[n_line] == '\n');
            /* What both have is compared once, from our side. */
            if (side == 1 && other != NULL)
                continue;
            if (other != NULL && strcspn(other, "\n") == n_line &&
                strncmp(line, other, n_line) == 0)
                continue;
            n++;
            add_difference(&differences, line, side == 0 ? line : other,
                           side == 0 ? other : line);
        }
    }
    return n;
}

/* The first rank that differs has its items told, those on other nodes their places. */
static void add_rank(pt_text_t *out, const pt_fingerprint_t *all, size_t r)
{
    char items[700];
    if (out->n == 0) {
        pt_fingerprint_compare(all[0].text, all[r].text, items, sizeof items);
        pt_text_add(out, "rank %zu on %s differs from rank 0 on %s: %s", r, all[r].node,
                    all[0].node, items);
    } else if (strcmp(all[r].node, all[r - 1].node) != 0 && out->n < 900) {
        pt_text_add(out, "; so does rank %zu on %s", r, all[r].node);
    }
}

pt_status_t pt_fingerprint_agree(pt_comm_t *comm, const pt_fingerprint_t *fingerprint,
                                 int32_t *n_other, char difference[1024])
{
    size_t n = (size_t)pt_comm_size(comm), size = sizeof *fingerprint;
    bool is_root = pt_comm_rank(comm) == 0;
    pt_fingerprint_t *all = NULL;
    struct {
        int32_t n;
        char difference[1024];
    } found = {0, ""};
    pt_text_t text = pt_text_in(found.difference, sizeof found.difference);
    size_t *bytes = NULL;
    pt_status_t status = pt_alloc(&bytes, n, sizeof *bytes);
    if (status == PT_OK && is_root)
        status = pt_alloc(&all, n, size);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    for (size_t r = 0; r < n; r++)
        bytes[r] = size;
    PT_TRY_OR(done, pt_comm_gather(comm, fingerprint, all, bytes, 0));
    for (size_t r = 1; is_root && r < n; r++)
        if (strcmp(all[0].text, all[r].text) != 0) {
            found.n++;
            add_rank(&text, all, r);
        }
    PT_TRY_OR(done, pt_comm_bcast(comm, &found, sizeof found, 0));
    *n_other = found.n;
    memcpy(difference, found.difference, sizeof found.difference);
done:
    pt_free(all);
    pt_free(bytes);
    return status;
}
