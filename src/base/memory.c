/* Memory, zeroed, aligned and counted, and what of it the system holds. */
#include "polytree/base/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define HIDE(address, bytes) ASAN_POISON_MEMORY_REGION(address, bytes)
#else
#define HIDE(address, bytes) ((void)(address), (void)(bytes))
#endif

/* The payload follows its size, which takes a whole PT_ALIGN to keep the alignment. */
typedef struct prefix {
    _Alignas(PT_ALIGN) size_t bytes;
} prefix_t;

static atomic_size_t held;
static _Atomic uint64_t n_alloc;

/* What lies around the payload, and would hide small overruns from the address sanitizer.
 */
static void hide_padding(prefix_t *prefix, size_t total)
{
    char *payload = (char *)(prefix + 1);
    HIDE(&prefix->bytes + 1, sizeof *prefix - sizeof prefix->bytes);
    HIDE(payload + prefix->bytes, total - sizeof *prefix - prefix->bytes);
}

static void count_in(size_t bytes)
{
    atomic_fetch_add(&held, bytes);
    atomic_fetch_add(&n_alloc, 1);
}

pt_status_t pt_alloc(void *out, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) ||
        bytes > PTRDIFF_MAX - sizeof(prefix_t) - PT_ALIGN) {
        PT_FAIL(MEMORY, "%zu elements of %zu bytes are more than can be addressed", n,
                size);
    }
    size_t total = sizeof(prefix_t) + pt_align_up(bytes);
    prefix_t *prefix = aligned_alloc(PT_ALIGN, total);
    if (prefix == NULL) {
        PT_FAIL(MEMORY, "the system refused %zu bytes; %zu are held", bytes,
                pt_memory_bytes());
    }
    memset(prefix, 0, total);
    prefix->bytes = bytes;
    hide_padding(prefix, total);
    count_in(bytes);
    void *p = prefix + 1;
    memcpy(out, &p, sizeof p);
    return PT_OK;
}

pt_status_t pt_grow(void *inout, size_t *capacity, size_t n, size_t size)
{
    if (n <= *capacity) {
        return PT_OK;
    }
    size_t wanted = *capacity > SIZE_MAX / 2 ? n : 2 * *capacity;
    wanted = wanted < n ? n : wanted;
    void *old;
    memcpy(&old, inout, sizeof old);
    void *grown;
    PT_TRY(pt_alloc(&grown, wanted, size));
    if (old != NULL) {
        memcpy(grown, old, *capacity * size);
        pt_free(old);
    }
    memcpy(inout, &grown, sizeof grown);
    *capacity = wanted;
    return PT_OK;
}

void pt_free(void *p)
{
    if (p != NULL) {
        prefix_t *prefix = (prefix_t *)p - 1;
        atomic_fetch_sub(&held, prefix->bytes);
        free(prefix);
    }
}

size_t pt_memory_bytes(void)
{
    return atomic_load(&held);
}

/** Of a line "NAME: ... kB" of what Linux tells of this process. */
static size_t told_bytes(const char *name)
{
    char line[256];
    size_t kb = 0, n = strlen(name);
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && kb == 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, n) == 0 && line[n] == ':')
            kb = (size_t)strtoull(line + n + 1, NULL, 10);
    if (file != NULL)
        fclose(file);
    return kb * 1024;
}

size_t pt_memory_resident(void)
{
    return told_bytes("VmRSS");
}

size_t pt_memory_resident_peak(void)
{
    return told_bytes("VmHWM");
}

uint64_t pt_memory_n_alloc(void)
{
    return atomic_load(&n_alloc);
}

static size_t whole_pages(size_t bytes, size_t page)
{
    return (bytes + page - 1) / page * page;
}

pt_status_t pt_reserve(size_t bytes, void **out)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), usable = whole_pages(bytes, page);
    char *p = mmap(NULL, usable + page, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p + usable, page, PROT_NONE) != 0) {
        if (p != MAP_FAILED)
            munmap(p, usable + page);
        PT_FAIL(MEMORY, "the system refused to reserve %zu bytes of addresses", bytes);
    }
    *out = p;
    return PT_OK;
}

void pt_reserve_release(void *p, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (p != NULL) {
        munmap(p, whole_pages(bytes, page) + page);
    }
}
