/** @file
 * Counted memory, zeroed and aligned to 64 bytes.
 */
#ifndef PT_BASE_MEMORY_H
#define PT_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "polytree/base/status.h"

#define PT_ALIGN 64

/**
 * Allocate `n` elements of `size` bytes each, all zero.
 *
 * @param[out] out  address of the pointer to set (any object pointer type); set on
 *                  success only; free with pt_free().  n = 0 gives a valid pointer.
 * @return PT_E_MEMORY when n * size overflows or the system refuses
 */
PT_MUST_CHECK pt_status_t pt_alloc(void *out, size_t n, size_t size);

/**
 * Grow `*inout` (from pt_alloc(), or NULL) to at least `n` elements, doubling;
 * `*capacity` holds the current number.  New elements are zero.
 */
PT_MUST_CHECK pt_status_t pt_grow(void *inout, size_t *capacity, size_t n, size_t size);

/** Free what pt_alloc() gave; NULL is fine. */
void pt_free(void *p);

/** Bytes held now, and the number of allocations ever made. */
size_t pt_memory_bytes(void);
uint64_t pt_memory_n_alloc(void);

/** Bytes of this process in memory, libraries and what it shares included: now, and the
 * most ever; 0 where that cannot be seen. */
size_t pt_memory_resident(void);
size_t pt_memory_resident_peak(void);

/** `bytes` rounded up to a multiple of PT_ALIGN. */
static inline size_t pt_align_up(size_t bytes)
{
    return (bytes + (PT_ALIGN - 1)) & ~(size_t)(PT_ALIGN - 1);
}

/**
 * Reserve `bytes` of address space that becomes memory only where it is touched;
 * zero at first.  A page behind it cannot be touched, so that running over its end is no
 * silent error.  It counts in no figure above.  Release with pt_reserve_release().
 */
PT_MUST_CHECK pt_status_t pt_reserve(size_t bytes, void **out);
void pt_reserve_release(void *p, size_t bytes);

#endif
