/** @file
 * A process that crashes dies of it at once, so that its launcher and the other ranks hear
 * of it.
 */
#ifndef APP_CRASH_H
#define APP_CRASH_H

#include <stdint.h>

/**
 * From now on say so in one line and die of a fault of memory or arithmetic, an illegal
 * instruction or abort(), unless a tool (a sanitizer) has claimed that signal already.
 * Before MPI starts: MPI then does not catch these signals, as Open MPI would, whose
 * handlers wait for ever for a lock of the allocator's that the crash has left held.
 */
void crash_catch(void);

/** This process is the rank of this number, one of several. */
void crash_name(int32_t rank);

#endif
