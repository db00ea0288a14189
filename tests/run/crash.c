/* To be preloaded: on rank CRASH_RANK the first fsync() from when the file CRASH_WHEN is
 * there crashes in the way that CRASH_BY names. */
#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BYTES = 100000 };

static volatile int zero;
static int *volatile nowhere;

static void write_nowhere(void)
{
    *nowhere = 1;
}

static void divide(void)
{
    zero = 100 / zero;
}

static void run_no_instruction(void)
{
    __builtin_trap();
}

/* A page of a file that has none. */
static void read_past_file(void)
{
    FILE *file = tmpfile();
    volatile char *page = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    zero = *page;
}

static int recur(volatile int *above)
{
    volatile int here[1000];
    here[0] = *above + 1;
    return zero < 0 ? 0 : recur(here) + here[0];
}

static void run_out_of_stack(void)
{
    zero = recur(&zero);
}

/* malloc() finds its free memory spoilt, and aborts with its lock held. */
static void spoil_memory(void)
{
    char *volatile last = malloc(BYTES);
    memset(last + BYTES, 0xff, 16);
    for (int i = 0; i < 1000; i++)
        nowhere = malloc(BYTES);
}

static const struct {
    const char *name;
    void (*crash)(void);
} way[] = {
    {"pointer", write_nowhere}, {"division", divide}, {"instruction", run_no_instruction},
    {"file", read_past_file},   {"abort", abort},     {"stack", run_out_of_stack},
    {"malloc", spoil_memory}};

/* The real one takes memory too, the first time. */
int backtrace(void **frame, int n)
{
    frame[0] = malloc(BYTES);
    return n > 0;
}

static int rank(void)
{
    const char *text = getenv("OMPI_COMM_WORLD_RANK");
    return text == NULL ? 0 : atoi(text);
}

int H5Dread(long id, long type, long memory, long file, long how, void *out)
{
    int (*real)(long, long, long, long, long, void *);
    if (access(getenv("CRASH_WHEN"), F_OK) == 0 && rank() == atoi(getenv("CRASH_RANK")))
        for (size_t i = 0; i < sizeof way / sizeof way[0]; i++)
            if (strcmp(way[i].name, getenv("CRASH_BY")) == 0)
                way[i].crash();
    *(void **)&real = dlsym(RTLD_NEXT, "H5Dread");
    return real(id, type, memory, file, how, out);
}
