#!/usr/bin/env bash
# A process that crashes ends its whole job within ten seconds (more on a machine that is busy
# with other things), whatever it crashed in, the allocator too; one line says which and of what.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
! ldd "$POLYTREE" | grep -q libasan || skip "the address sanitizer handles crashes itself"
cc -shared -fPIC -D_GNU_SOURCE "$ROOT/tests/run/crash.c" -o crash.so -ldl || skip "no C compiler"
small_data
ulimit -c 0
export CRASH_BY CRASH_RANK CRASH_WHEN=$PWD

# Ranks, which one crashes, in what, and the signal that it dies of.
while read -r n rank by signal; do
    CRASH_BY=$by CRASH_RANK=$rank
    command=(env LD_PRELOAD="$PWD/crash.so" "$POLYTREE" search "$SMALL" -o run --set data.cache=none)
    [ "$n" = 1 ] || command=(mpirun --bind-to none -n "$n" "${command[@]}")
    rm -rf run
    code=0
    timeout -s KILL "$forever" "${command[@]}" >out 2>err </dev/null || code=$?
    [ $code = $((128 + $(kill -l "$signal"))) ] || {
        cat out err >&2
        fail "code $code of rank $rank of $n that crashes in its $by"
    }
    if [ "$n" = 1 ]; then
        one_line "crashed \(SIG$signal\): a run goes on from its last checkpoint"
    else
        one_line "rank $rank has crashed \(SIG$signal\): all ranks end; a run goes on"
    fi
done <<'END'
1 0 pointer SEGV
1 0 stack SEGV
1 0 file BUS
1 0 malloc ABRT
2 1 malloc ABRT
2 0 malloc ABRT
3 1 division FPE
3 0 instruction ILL
2 1 abort ABRT
END
