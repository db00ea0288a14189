/*
 * Checkpoints in memory, from rank to rank.
 *
 * A message holds record after record: its head as it stands in memory, then its elements.
 */
#include "io/checkpoint.h"

#include <string.h>

#include "polytree/base/memory.h"

static size_t count_bytes(const pt_checkpoint_t *c)
{
    size_t n = 0;
    for (int32_t i = 0; i < c->n_record; i++)
        n += sizeof c->record[i] + pt_record_bytes(&c->record[i]);
    return n;
}

static void pack(const pt_checkpoint_t *c, unsigned char *to)
{
    for (int32_t i = 0; i < c->n_record; i++) {
        size_t bytes = pt_record_bytes(&c->record[i]);
        memcpy(to, &c->record[i], sizeof c->record[i]);
        to += sizeof c->record[i];
        if (bytes > 0)
            memcpy(to, c->record[i].data, bytes);
        to += bytes;
    }
}

/* Copies of all records. */
static pt_status_t unpack(const unsigned char *from, size_t bytes, pt_checkpoint_t *c)
{
    const unsigned char *end = from + bytes;
    while (from < end) {
        pt_record_t r;
        memcpy(&r, from, sizeof r);
        from += sizeof r;
        size_t n = pt_record_bytes(&r);
        PT_TRY(pt_alloc(&r.data, n, 1));
        if (n > 0)
            memcpy(r.data, from, n);
        from += n;
        PT_TRY(pt_checkpoint_take(c, "memory", r.name, &r));
    }
    return PT_OK;
}

pt_status_t pt_checkpoint_bcast(pt_checkpoint_t *checkpoint, pt_comm_t *comm)
{
    bool is_root = pt_comm_rank(comm) == 0;
    size_t bytes = is_root ? count_bytes(checkpoint) : 0;
    unsigned char *message = NULL;
    pt_status_t status;
    if (pt_comm_size(comm) == 1)
        return PT_OK;
    PT_TRY(pt_comm_bcast(comm, &bytes, sizeof bytes, 0));
    status = pt_alloc(&message, bytes, 1);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    if (is_root)
        pack(checkpoint, message);
    PT_TRY_OR(done, pt_comm_bcast(comm, message, bytes, 0));
    if (!is_root) {
        pt_checkpoint_release(checkpoint);
        checkpoint->owns_data = true;
        status = unpack(message, bytes, checkpoint);
    }
    PT_TRY_OR(done, pt_comm_agree(comm, status));
done:
    pt_free(message);
    return status;
}

pt_status_t pt_checkpoint_gather(const pt_checkpoint_t *mine, pt_comm_t *comm,
                                 pt_checkpoint_t *all)
{
    bool is_root = pt_comm_rank(comm) == 0;
    size_t own = count_bytes(mine), *bytes = NULL, total = 0;
    unsigned char *message = NULL, *messages = NULL;
    pt_status_t status = pt_alloc(&bytes, (size_t)pt_comm_size(comm), sizeof *bytes);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    PT_TRY_OR(done, pt_comm_allgather(comm, &own, bytes, sizeof own));
    for (int32_t r = 0; r < pt_comm_size(comm); r++)
        total += bytes[r];
    status = pt_alloc(&message, own, 1);
    if (status == PT_OK && is_root)
        status = pt_alloc(&messages, total, 1);
    PT_TRY_OR(done, pt_comm_agree(comm, status));
    pack(mine, message);
    PT_TRY_OR(done, pt_comm_gather(comm, message, messages, bytes, 0));
    if (is_root) {
        all->owns_data = true;
        status = unpack(messages, total, all);
    }
    PT_TRY_OR(done, pt_comm_agree(comm, status));
done:
    pt_free(messages);
    pt_free(message);
    pt_free(bytes);
    return status;
}
