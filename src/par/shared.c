/* One copy per node of a large array, held by node rank 0: in an MPI shared window, or in a
 * file that all ranks map. */
#include "polytree/par/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "par/comm_private.h"
#include "polytree/base/memory.h"

enum { PATH_BYTES = 4096 };

struct pt_shared {
    pt_comm_t *node;
    MPI_Win win;  /**< MPI_WIN_NULL where it is in none */
    void *plain;  /**< of a node with one rank */
    void *mapped; /**< MAP_FAILED: no file */
    size_t bytes; /**< of it */
};

static pt_status_t open_window(pt_shared_t *shared, size_t bytes, void **data)
{
    const pt_comm_t *node = shared->node;
    MPI_Aint held = node->rank == 0 ? (MPI_Aint)(bytes + PT_ALIGN) : 0, size;
    char *base = NULL;
    int unit;

    pt_status_t status = pt_mpi_status(
        MPI_Win_allocate_shared(held, 1, MPI_INFO_NULL, node->mpi, &base, &shared->win),
        "MPI_Win_allocate_shared");
    if (status != PT_OK) {
        shared->win = MPI_WIN_NULL;
        PT_FAIL(LIBRARY, "no %zu bytes of memory shared by the node's %d ranks: %s", bytes,
                (int)node->size, pt_error_message());
    }
    MPI_Win_set_errhandler(shared->win, MPI_ERRORS_RETURN);
    PT_TRY(pt_mpi_status(MPI_Win_shared_query(shared->win, 0, &size, &unit, &base),
                         "MPI_Win_shared_query"));
    PT_TRY(
        pt_mpi_status(MPI_Win_lock_all(MPI_MODE_NOCHECK, shared->win), "MPI_Win_lock_all"));
    /* Mappings begin on pages everywhere, so the ranks round to the same byte. */
    *data = (void *)(((uintptr_t)base + PT_ALIGN - 1) & ~(uintptr_t)(PT_ALIGN - 1));
    return PT_OK;
}

pt_status_t pt_shared_new(pt_comm_t *node, size_t bytes, pt_shared_t **out, void **data)
{
    pt_shared_t *shared = NULL;
    void *address = NULL;
    pt_status_t status = pt_alloc(&shared, 1, sizeof *shared);

    PT_AGREE(node, status);
    *shared = (pt_shared_t){.node = node, .win = MPI_WIN_NULL, .mapped = MAP_FAILED};
    if (node->size == 1) {
        status = pt_alloc(&shared->plain, bytes, 1);
        address = shared->plain;
    } else {
        status = open_window(shared, bytes, &address);
    }
    PT_TRY_OR(fail, pt_comm_agree(node, status));
    *out = shared;
    *data = address;
    return PT_OK;
fail:
    pt_shared_free(shared);
    return status;
}

static pt_status_t make_file(size_t bytes, char path[PATH_BYTES], int *file)
{
    const char *folder = getenv("TMPDIR");
    int failed;
    if (folder == NULL || folder[0] == '\0')
        folder = "/tmp";
    if (snprintf(path, PATH_BYTES, "%s/polytree.XXXXXX", folder) >= PATH_BYTES)
        PT_FAIL(RANGE, "TMPDIR has more than %d characters", PATH_BYTES);
    *file = mkstemp(path);
    if (*file < 0)
        PT_FAIL(IO, "no file of %zu MiB in %s (TMPDIR): %s", bytes >> 20, folder,
                strerror(errno));
    failed = posix_fallocate(*file, 0, (off_t)bytes);
    if (failed != 0)
        PT_FAIL(IO, "no file of %zu MiB in %s (TMPDIR): %s", bytes >> 20, folder,
                strerror(failed));
    return PT_OK;
}

static pt_status_t map_file(pt_shared_t *shared, const char *path, int *file)
{
    if (*file < 0)
        *file = open(path, O_RDWR | O_CLOEXEC);
    if (*file >= 0)
        shared->mapped =
            mmap(NULL, shared->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *file, 0);
    if (shared->mapped == MAP_FAILED)
        PT_FAIL(IO, "cannot map %s: %s", path, strerror(errno));
    return PT_OK;
}

pt_status_t pt_shared_new_on_disk(pt_comm_t *node, size_t bytes, pt_shared_t **out,
                                  void **data)
{
    pt_shared_t *shared = NULL;
    char path[PATH_BYTES] = "";
    int file = -1;
    bool is_first = node->rank == 0;
    pt_status_t status = pt_alloc(&shared, 1, sizeof *shared);

    PT_AGREE(node, status);
    /* A mapping has a page at least. */
    *shared = (pt_shared_t){.node = node,
                            .win = MPI_WIN_NULL,
                            .mapped = MAP_FAILED,
                            .bytes = bytes > 0 ? bytes : 1};
    if (is_first)
        status = make_file(shared->bytes, path, &file);
    PT_TRY_OR(done, pt_comm_agree(node, status));
    PT_TRY_OR(done, pt_comm_bcast(node, path, sizeof path, 0));
    status = pt_comm_agree(node, map_file(shared, path, &file));
done:
    if (is_first && file >= 0)
        unlink(path);
    if (file >= 0)
        close(file);
    if (status != PT_OK) {
        pt_shared_free(shared);
        return status;
    }
    *out = shared;
    *data = shared->mapped;
    return PT_OK;
}

void pt_shared_expect(const void *data, size_t bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)data;
    uintptr_t first = at - at % page;
    (void)madvise((void *)first, at + bytes - first,
                  MADV_WILLNEED); /* no more than a wish */
}

pt_status_t pt_shared_ready(pt_shared_t *shared)
{
    if (shared->win == MPI_WIN_NULL)
        return pt_comm_barrier(shared->node);
    PT_TRY(pt_mpi_status(MPI_Win_sync(shared->win), "MPI_Win_sync"));
    PT_TRY(pt_comm_barrier(shared->node));
    return pt_mpi_status(MPI_Win_sync(shared->win), "MPI_Win_sync");
}

void pt_shared_free(pt_shared_t *shared)
{
    if (shared == NULL)
        return;
    if (shared->win != MPI_WIN_NULL) {
        MPI_Win_unlock_all(shared->win);
        MPI_Win_free(&shared->win);
    }
    if (shared->mapped != MAP_FAILED)
        munmap(shared->mapped, shared->bytes);
    pt_free(shared->plain);
    pt_free(shared);
}
