/* To be preloaded: on rank STARVE_RANK the allocation number STARVE_AT of ours finds no
 * memory, and with STARVE_ALL none does from there on.  At its end that rank leaves the
 * number of its allocations in the file STARVE_COUNT. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_long n_alloc;

static int is_the_one(void)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    return atoi(rank == NULL ? "0" : rank) == atoi(getenv("STARVE_RANK"));
}

static __attribute__((destructor)) void leave_count(void)
{
    FILE *file = is_the_one() ? fopen(getenv("STARVE_COUNT"), "w") : NULL;
    if (file == NULL)
        return;
    fprintf(file, "%ld\n", atomic_load(&n_alloc));
    fclose(file);
}

/* Called by pt_alloc() alone: libraries take their memory by other names. */
void *aligned_alloc(size_t align, size_t bytes)
{
    void *(*real)(size_t, size_t);
    long at = is_the_one() ? atomic_fetch_add(&n_alloc, 1) + 1 : 0;
    long hungry = atol(getenv("STARVE_AT"));
    if (at == hungry || (at > hungry && getenv("STARVE_ALL") != NULL)) {
        errno = ENOMEM;
        return NULL;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "aligned_alloc");
    return real(align, bytes);
}
