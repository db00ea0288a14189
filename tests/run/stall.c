/* To be preloaded: on rank STALL_RANK function STALL_IN returns only after STALL_SECONDS,
 * from when the file STALL_WHEN is there.  It takes the file away, so that one can wait for
 * it, and does so once. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int rank(void)
{
    const char *text = getenv("OMPI_COMM_WORLD_RANK");
    return text == NULL ? 0 : atoi(text);
}

static void *enter(const char *name)
{
    static int is_over;
    if (!is_over && strcmp(getenv("STALL_IN"), name) == 0 &&
        rank() == atoi(getenv("STALL_RANK")) && unlink(getenv("STALL_WHEN")) == 0) {
        struct timespec pause = {atoi(getenv("STALL_SECONDS")), 0};
        is_over = 1;
        nanosleep(&pause, NULL);
    }
    return dlsym(RTLD_NEXT, name);
}

int MPI_Allreduce(const void *in, void *out, int n, void *type, void *op, void *comm)
{
    int (*real)(const void *, void *, int, void *, void *, void *);
    *(void **)&real = enter("MPI_Allreduce");
    return real(in, out, n, type, op, comm);
}

int MPI_Abort(void *comm, int code)
{
    int (*real)(void *, int);
    *(void **)&real = enter("MPI_Abort");
    return real(comm, code);
}

int H5Dread(long id, long type, long memory, long file, long how, void *out)
{
    int (*real)(long, long, long, long, long, void *);
    *(void **)&real = enter("H5Dread");
    return real(id, type, memory, file, how, out);
}

int H5Dwrite(long id, long type, long memory, long file, long how, const void *in)
{
    int (*real)(long, long, long, long, long, const void *);
    *(void **)&real = enter("H5Dwrite");
    return real(id, type, memory, file, how, in);
}

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *);
    *(void **)&real = enter("rename");
    return real(from, to);
}

int fsync(int file)
{
    int (*real)(int);
    *(void **)&real = enter("fsync");
    return real(file);
}
