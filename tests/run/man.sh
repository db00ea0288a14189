#!/usr/bin/env bash
# The man page names every command, flag, option, file of a run, exit code and variable of
# the environment that the program reads, and is sound roff; docs/use.md names every command.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"

expect 0 "$POLYTREE" help man
# What a reader sees, without roff's escapes.
sed -e 's/\\-/-/g' -e 's/\\f[BR]//g' -e 's/\\(ga/`/g' -e "s/\\\\(aq/'/g" -e 's/\\&//g' out >man.txt
mv out polytree.1
names() {
    grep -qF -- "$1" man.txt || fail "the man page does not name $1"
}

"$POLYTREE" help | sed -n 's/^  \([a-z ]*[a-z]\)   *[a-z].*/\1/p' >commands
[ "$(wc -l <commands)" -ge 10 ] || fail "no commands found in polytree help"
while read -r command; do
    names ".SS $command"
    grep -qE "^\|.*\`${command}[ \`]" "$ROOT/docs/use.md" || fail "docs/use.md does not name $command"
    # shellcheck disable=SC2086  # words of a command
    "$POLYTREE" help $command | grep -oE -- '--[a-z][a-z-]+' >>flags || true
done <commands
while read -r flag; do
    names "$flag"
done <flags

"$POLYTREE" help options | grep '^[^ ]' >known
[ "$(wc -l <known)" -ge 100 ] || fail "no options found in polytree help options"
while read -r option; do
    names "$option" # with its default
done < <(sed 's/ = $/ = (empty)/' known)

! grep -E "^Expected: .*e\+[0-9]" man.txt || fail "the man page gives technical bounds"
grep -q "^Expected: a whole number from 1 to 65536" man.txt || fail "the man page gives no bounds"

small_data
expect 0 "$POLYTREE" search "$SMALL" -o run
for file in run/*; do
    names "RUN/${file#run/}"
done
for code in 0 1 2 75; do
    grep -qx "$code" <(sed -n '/^.SH EXIT STATUS/,/^.SH ENV/p' man.txt) || fail "no exit code $code"
done
grep -rhoE 'getenv\("[A-Z_]+' "$ROOT/src" "$ROOT/io" | cut -d '"' -f 2 >variables
[ -s variables ] || fail "no variables found"
while read -r variable; do
    names "$variable"
done <variables

checked=
if command -v groff >/dev/null; then
    groff -man -ww -z polytree.1 2>findings || true
    [ ! -s findings ] || fail "groff: $(head -n 3 findings)"
    checked=1
fi
if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning polytree.1 >findings || fail "mandoc: $(head -n 3 findings)"
    checked=1
fi
[ -n "$checked" ] || skip "neither groff nor mandoc is here to look at the man page"
