#!/usr/bin/env bash
# Bash completes commands, flags, options and their words as the program's own tables have them.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
expect 0 "$POLYTREE" help completion
mv out completion
! command -v shellcheck >/dev/null || shellcheck completion || fail "the script has faults"
set +E # words without a completion are no failure
# shellcheck source=/dev/null
. ./completion
complete -p polytree >/dev/null

# completes WORDS -- LIST: what the last of the words becomes; bash takes key=value apart.
completes() {
    local given=() want
    while [ "$1" != -- ]; do
        given+=("$1")
        shift
    done
    shift
    COMP_WORDS=(polytree "${given[@]}") COMP_CWORD=${#given[@]}
    COMPREPLY=(none)
    _polytree
    want=$(printf '%s\n' "$@" | sort)
    [ "$(printf '%s\n' "${COMPREPLY[@]}" | sort -u)" = "$want" ] ||
        fail "'${given[*]}' becomes '${COMPREPLY[*]}', not '$*'"
}

completes sea -- search
completes s -- search sweep status show
completes data im -- import
completes data import '' -- cityscapes csv idx images npz nyuv2 omniglot
completes help data se -- seal
completes data repack in.h5 out.h5 --g -- --gzip
completes search my.ini -o RUN --ti -- --time-limit
completes search my.ini --set data.ca -- data.cache=
completes search my.ini --set data.cache = -- none memory disk
completes search my.ini --set data.cache = m -- memory
completes search my.ini --set data.cache = none layout.stri -- layout.strict=
completes search my.ini --set layout.strict = -- 0 1
completes search my.ini --set layout.cost = -- measured counted
completes search my.ini --set run.seed = -- ''
completes search my -- ''
completes nonsense '' -- ''

# All that is there is there.
"$POLYTREE" help | sed -n 's/^  \([a-z ]*[a-z]\)   *[a-z].*/\1/p' >commands
while read -r command; do
    # shellcheck disable=SC2086 # words of a command
    completes $command -- "${command##* }"
done < <(grep -vx "data import\|help" commands)
