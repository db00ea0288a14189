/* Non-dominated sorting of points by two numbers, and their room. */
#include "polytree/arch/front.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "polytree/base/memory.h"

/* Points with the numbers that they are sorted by, the first that differs; ties by their
 * own number, so that the order is one. */
typedef struct front_entry {
    double key[2];
    int32_t point;
} front_entry_t;

static int by_keys(const void *a, const void *b)
{
    const front_entry_t *p = a, *q = b;
    for (int i = 0; i < 2; i++)
        if (p->key[i] < q->key[i] || p->key[i] > q->key[i])
            return p->key[i] < q->key[i] ? -1 : 1;
    return (p->point > q->point) - (p->point < q->point);
}

/* Whoever beats a point comes before it, and is not above it in y. */
pt_status_t pt_front_rank(int32_t n, const double *x, const double *y, int32_t *rank)
{
    front_entry_t *entry;
    PT_TRY(pt_alloc(&entry, (size_t)n, sizeof *entry));
    for (int32_t i = 0; i < n; i++)
        entry[i] = (front_entry_t){{x[i], y[i]}, i};
    qsort(entry, (size_t)n, sizeof *entry, by_keys);
    for (int32_t i = 0; i < n; i++) {
        int32_t p = entry[i].point;
        rank[p] = 0;
        for (int32_t j = 0; j < i; j++) {
            int32_t q = entry[j].point;
            bool beats = y[q] <= y[p] && (x[q] < x[p] || y[q] < y[p]);
            if (beats && rank[q] >= rank[p])
                rank[p] = rank[q] + 1;
        }
    }
    pt_free(entry);
    return PT_OK;
}

/* Add the room that entries first .. end - 1, one front by ascending key[1], have in it. */
static void add_room(const front_entry_t *entry, int32_t first, int32_t end, double *room)
{
    double extent = entry[end - 1].key[1] - entry[first].key[1];
    for (int32_t i = first; i < end; i++)
        if (i == first || i == end - 1)
            room[entry[i].point] = INFINITY;
        else if (extent > 0)
            room[entry[i].point] += (entry[i + 1].key[1] - entry[i - 1].key[1]) / extent;
}

pt_status_t pt_front_room(int32_t n, const double *x, const double *y, const int32_t *rank,
                          double *room)
{
    const double *by[2] = {x, y};
    front_entry_t *entry;
    PT_TRY(pt_alloc(&entry, (size_t)n, sizeof *entry));
    for (int32_t i = 0; i < n; i++)
        room[i] = 0;
    for (int d = 0; d < 2; d++) {
        for (int32_t i = 0; i < n; i++)
            entry[i] = (front_entry_t){{rank[i], by[d][i]}, i};
        qsort(entry, (size_t)n, sizeof *entry, by_keys);
        for (int32_t first = 0, end; first < n; first = end) {
            end = first + 1;
            while (end < n && rank[entry[end].point] == rank[entry[first].point])
                end++;
            add_room(entry, first, end, room);
        }
    }
    pt_free(entry);
    return PT_OK;
}

pt_status_t pt_front_order(int32_t n, const double *x, const double *y, int32_t *order)
{
    front_entry_t *entry = NULL;
    int32_t *rank = NULL;
    double *room = NULL;
    pt_status_t status;
    PT_TRY_OR(done, pt_alloc(&entry, (size_t)n, sizeof *entry));
    PT_TRY_OR(done, pt_alloc(&rank, (size_t)n, sizeof *rank));
    PT_TRY_OR(done, pt_alloc(&room, (size_t)n, sizeof *room));
    PT_TRY_OR(done, pt_front_rank(n, x, y, rank));
    PT_TRY_OR(done, pt_front_room(n, x, y, rank, room));
    for (int32_t i = 0; i < n; i++)
        entry[i] = (front_entry_t){{rank[i], -room[i]}, i};
    qsort(entry, (size_t)n, sizeof *entry, by_keys);
    for (int32_t i = 0; i < n; i++)
        order[i] = entry[i].point;
done:
    pt_free(room);
    pt_free(rank);
    pt_free(entry);
    return status;
}
