#!/usr/bin/env bash
# All tests with the address, undefined-behaviour and leak sanitizers; BUILD was made with
# ASAN=1.  Any finding ends the program in question, so that its test fails.
set -eu
cd "$(dirname "$0")/../.."
# Stacks of library code without frame pointers end early unless unwound slowly, and the
# suppressions look for names near their roots.
export ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0:malloc_context_size=60:detect_stack_use_after_return=1
# Where a damaged file asks for more than there is malloc says no, and so shall the sanitizer,
# which takes seconds for gigabytes.
ASAN_OPTIONS+=:allocator_may_return_null=1:max_allocation_size_mb=2048:suppressions=$PWD/tests/sanitize/address.supp
export LSAN_OPTIONS=suppressions=$PWD/tests/sanitize/leak.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
# What the sanitizers have to say comes at a rank's end, after the first has ended.
export OMPI_MCA_odls_base_sigkill_timeout=1
# Every command on every state of every sort of run: heaps are overrun where two sizes differ.
export POLYTREE_TEST_STATES=whole
export LIMIT=${LIMIT:-1800}
exec tests/check/run.sh
