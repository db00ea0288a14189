/** @file
 * Status codes and the error trace.
 *
 * Who finds a cause says it once, with PT_FAIL; callers add a trace line with
 * PT_TRY.  The message and the trace belong to the calling thread.
 */
#ifndef PT_BASE_STATUS_H
#define PT_BASE_STATUS_H

#define PT_STATUS_LIST(X)                                                                  \
    X(OK, "ok")                                                                            \
    X(USAGE, "wrong usage")                                                                \
    X(CONFIG, "bad configuration")                                                         \
    X(IO, "input/output failed")                                                           \
    X(BUSY, "another job is at work on it")                                                \
    X(FORMAT, "unexpected file content")                                                   \
    X(SHAPE, "shapes do not agree")                                                        \
    X(RANGE, "value out of range")                                                         \
    X(MEMORY, "out of memory")                                                             \
    X(MISMATCH, "things that must be equal differ")                                        \
    X(NUMERIC, "not a finite or representable number")                                     \
    X(LIBRARY, "a library reported an error")                                              \
    X(MISSING, "not available")                                                            \
    X(INTERNAL, "a bug in polytree")

typedef enum pt_status {
#define PT_STATUS_ENUM(code, text) PT_E_##code,
    PT_STATUS_LIST(PT_STATUS_ENUM)
#undef PT_STATUS_ENUM
        PT_N_STATUS
} pt_status_t;

#define PT_OK PT_E_OK

#define PT_MUST_CHECK __attribute__((warn_unused_result))
#define PT_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/** Text of a code; never NULL. */
const char *pt_status_text(pt_status_t status);

/** Record the cause of a failure (printf style, no newline) and return `status`. */
pt_status_t pt_error_set(pt_status_t status, const char *file, int line, const char *format,
                         ...) PT_PRINTF(4, 5);

/** Add "file:line expression" to the trace of the current failure; returns `status`. */
pt_status_t pt_error_trace_add(pt_status_t status, const char *file, int line,
                               const char *expression);

/** The cause of the last failure on this thread, one line; "" if there is none. */
const char *pt_error_message(void);

/** The trace of the last failure, one line per call, outermost last; "" if none. */
const char *pt_error_trace(void);

void pt_error_clear(void);

/** An expression: records the cause, yields the status. */
#define PT_ERROR(code, ...) pt_error_set(PT_E_##code, __FILE__, __LINE__, __VA_ARGS__)

/** Record the cause and return it. */
#define PT_FAIL(code, ...) return PT_ERROR(code, __VA_ARGS__)

/** Return the status of `call` unless it is PT_OK. */
#define PT_TRY(call)                                                                       \
    do {                                                                                   \
        pt_status_t pt_try_status_ = (call);                                               \
        if (pt_try_status_ != PT_OK)                                                       \
            return pt_error_trace_add(pt_try_status_, __FILE__, __LINE__, #call);          \
    } while (0)

/** Store the status of `call` in the local `status`; go to `label` unless it is PT_OK. */
#define PT_TRY_OR(label, call)                                                             \
    do {                                                                                   \
        status = (call);                                                                   \
        if (status != PT_OK) {                                                             \
            pt_error_trace_add(status, __FILE__, __LINE__, #call);                         \
            goto label;                                                                    \
        }                                                                                  \
    } while (0)

#endif
