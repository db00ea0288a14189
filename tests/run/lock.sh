#!/usr/bin/env bash
# One job at a time works on a run, and status knows whether one does: by the lock of its folder,
# and where the file system has no locks by who says that he is there.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
cc -shared -fPIC -D_GNU_SOURCE "$ROOT/tests/run/lock.c" -o lock.so || skip "no C compiler"
small_data
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
host=$(uname -n)

# What has locks: the machine, or nothing.
for locks in machine none; do
    rm -rf run
    [ $locks = machine ] || export LD_PRELOAD=$PWD/lock.so
    expect 1 "$POLYTREE" status run
    held run "search 2" 1 search "$SMALL" -o run
    [ $locks = machine ] || says err "^polytree: warning: run/lock: this file system has no locks"
    # shellcheck disable=SC2154 # of held
    pid=$job
    expect 0 "$POLYTREE" status run
    says out "^state +running \(pid $pid on $host\)"
    code=0
    "$POLYTREE" search "$SMALL" -o run >out 2>err </dev/null || code=$?
    [ $code = 1 ] || fail "code $code of a second job on a run"
    says err "^polytree: run/lock: another job has this run: pid $pid on $host$"

    kill -KILL "$job"
    wait "$job" || true
    expect 0 "$POLYTREE" status run
    says out "^state +killed or crashed \(pid $pid on $host\): the same command goes on"
    # A later process of the same number is another.
    sed -i "s/^pid [0-9]*/pid $$/" run/lock
    expect 0 "$POLYTREE" status run
    says out "^state +killed or crashed \(pid $$ on $host\)"
    if [ $locks = none ]; then
        sed -i "1s/ on .*/ on elsewhere/" run/lock
        expect 0 "$POLYTREE" status run
        says out "^state +running, or killed or crashed: .*no locks that tell \(pid $$ on elsewhere\)"
    fi
    rm -f run/HELD
    expect 0 "$POLYTREE" search "$SMALL" -o run
    [ ! -e run/lock ] || fail "a run that is done leaves its lock"
    expect 0 "$POLYTREE" status run
    says out "^state +finished$"
done
