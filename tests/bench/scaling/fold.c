/* Preloaded into a simulation: large arrays that SMPI takes for messages and partial sums
 * become views of one piece of memory.  What is in them is never looked at in a replay, and
 * thousands of ranks' copies would not fit into one machine.
 *
 * It stands in for C++'s operators new[] and delete[] and for malloc, by which SMPI takes
 * them.  Operator new, by which the simulator keeps its own lists, goes past it.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, LARGE = 1 << 16, LARGE_MALLOC = 1 << 20 };
#define SPAN ((size_t)1 << 44) /* addresses to give away, each once */

void *__libc_malloc(size_t n);
void __libc_free(void *p);
void *__libc_realloc(void *p, size_t n);
void *new_object(size_t n) __asm__("_Znwm");
void *new_array(size_t n) __asm__("_Znam");
void delete_array(void *p) __asm__("_ZdaPv");
void delete_sized_array(void *p, size_t n) __asm__("_ZdaPvm");

static int file = -1;
static size_t length; /* of the file */
static char *first, *next;

static char *map(char *at, size_t n, int protection, int flags, int from)
{
    char *p = mmap(at, n, protection, flags, from, 0);

    if (p == MAP_FAILED)
        abort();
    return p;
}

/* A page with the length, the array, and a page that cannot be touched. */
static void *fold(size_t n)
{
    const int access = PROT_READ | PROT_WRITE;
    size_t whole = (n + PAGE - 1) / PAGE * PAGE;
    char *p;

    if (file < 0) {
        file = memfd_create("fold", 0);
        first = next =
            map(NULL, SPAN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    }
    if (whole > length && ftruncate(file, (off_t)whole) != 0)
        abort();
    length = whole > length ? whole : length;
    p = next;
    next += whole + (size_t)2 * PAGE;
    map(p, PAGE, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
    map(p + PAGE, whole, access, MAP_SHARED | MAP_FIXED, file);
    *(size_t *)(void *)p = whole;
    return p + PAGE;
}

static bool is_folded(const char *p)
{
    return first != NULL && p >= first && p < next;
}

void *malloc(size_t n)
{
    return n < LARGE_MALLOC ? __libc_malloc(n) : fold(n);
}

void free(void *p)
{
    char *array = p;

    if (is_folded(array))
        map(array - PAGE, *(size_t *)(void *)(array - PAGE) + PAGE, PROT_NONE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1);
    else
        __libc_free(p);
}

/* What may grow is somebody's list. */
void *realloc(void *p, size_t n)
{
    if (is_folded(p))
        abort();
    return __libc_realloc(p, n);
}

void *new_object(size_t n)
{
    void *p = __libc_malloc(n > 0 ? n : 1);

    if (p == NULL)
        abort();
    return p;
}

void *new_array(size_t n)
{
    return n < LARGE ? __libc_malloc(n) : fold(n);
}

void delete_array(void *p)
{
    free(p);
}

void delete_sized_array(void *p, size_t n)
{
    (void)n;
    free(p);
}
