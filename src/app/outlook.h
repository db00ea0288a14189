/** @file
 * What `polytree plan` says of ranks that need not be there.
 */
#ifndef APP_OUTLOOK_H
#define APP_OUTLOOK_H

#include "app/arrange.h"
#include "app/session.h"

/** Print the arrangement that a run would take, and a few others beside it.
 *
 * @param[out] out  that of the run
 */
PT_MUST_CHECK pt_status_t pt_outlook_print(const pt_session_t *session,
                                           const pt_resources_t *resources,
                                           pt_outlook_t *out);

#endif
