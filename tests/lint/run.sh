#!/usr/bin/env bash
# The house rules that a machine can see.  The last line is "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
shopt -s nullglob extglob

passed=0 failed=0 skipped=0
library=(src/!(app)/*.[ch] io/*.[ch] include/polytree/*/*.h)
app=(src/app/*.[ch])
tests=(tests/*/*.[ch] tests/*/*/*.[ch])
code=("${library[@]}" "${app[@]}" "${tests[@]}")

# verdict RULE FINDINGS
verdict() {
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s:\n%s\n' "$1" "$2"
    fi
}
skip() {
    skipped=$((skipped + 1))
    echo "$1: skipped, $2"
}

verdict "a module includes itself and lower ones only" "$(awk -f tests/lint/layers.awk "${library[@]}" "${app[@]}")"

verdict "mpi.h belongs to par and io" "$(grep -nE '#include <mpi\.h>' "${library[@]}" "${app[@]}" |
    grep -vE '^(src/par|src/linalg|io|include/polytree/(par|io|linalg))/')"

verdict "libraries never print, exit or abort" "$(grep -nE \
    '(^|[^[:alnum:]_."])(printf|vprintf|puts|putchar|perror|exit|_exit|abort|assert)[[:space:]]*\(|\b(stdout|stderr)\b' \
    "${library[@]}" | grep -vE ':[0-9]+:[[:space:]]*(/\*|\*|//)')"

# One sentence that says what the file is, before anything else.
verdict "every file opens with what it is" "$(awk '
    FNR == 1 {header = FILENAME ~ /\.h$/; good = header ? $0 == "/** @file" : $0 ~ /^\/\* [^ ]/
              if (!good && !(!header && $0 == "/*")) {print FILENAME; nextfile}}
    FNR == 2 {if ((header || !good) && $0 !~ /^ \* [^ ]/) print FILENAME; nextfile}' "${code[@]}")"

verdict "files of a module call each other one way" "$(awk -f tests/lint/calls.awk src/*/*.c io/*.c |
    sort -u | tsort 2>&1 >/dev/null)"

verdict "no two files of code are called alike" "$(printf '%s\n' src/*/*.c io/*.c | sed 's|.*/||' | sort | uniq -d)"

verdict "no two types are called alike" "$(grep -hoE '^\} [a-z0-9_]+_t;' "${library[@]}" "${app[@]}" | sort | uniq -d)"

verdict "nothing is left unfinished" "$(grep -nE '\b(TODO|FIXME|XXX|HACK)\b' "${code[@]}")"

# Libraries' functions are called somewhere, too.
verdict "comments name functions that there are" "$(comm -23 \
    <(grep -hE '^ *(\*|/\*)' "${code[@]}" | grep -oE '\b[a-z][a-z0-9]*_[a-z0-9_]*\(\)' | tr -d ')' | sort -u) \
    <(grep -hvE '^ *(\*|/\*)' "${code[@]}" | grep -oE '\b[a-z][a-z0-9_]*\(' | sort -u))"

verdict "files have 600 lines at most" "$(wc -l "${code[@]}" | awk '$2 != "total" && $1 > 600')"

# In this layout a function's body stands between braces in column 0.
verdict "functions have 80 lines at most" "$(awk '
    /^\{$/ {begin = FNR}
    /^\}$/ && begin {if (FNR - begin - 1 > 80) print FILENAME ":" begin ": " FNR - begin - 1 " lines"; begin = 0}
    FNR == 1 {begin = 0}' "${code[@]}")"

# A new version is said in all of them.
version=$(sed -n 's/^VERSION := //p' Makefile)
verdict "files that name the version have the Makefile's" "$(grep -LFw -- "$version" CITATION.cff \
    "modulefiles/polytree/$version" packaging/spack/packages/polytree/package.py packaging/apptainer/polytree.def 2>&1)"

formatter=$(command -v clang-format-14 || command -v clang-format || true)
case $(${formatter:-echo} --version 2>/dev/null) in
*"version 14."*)
    verdict "clang-format" "$("$formatter" --dry-run -Werror "${code[@]}" 2>&1 | grep -E 'error:' | cut -c 1-160)"
    ;;
*) skip "clang-format" "version 14 is not here" ;;
esac

if command -v shellcheck >/dev/null; then
    mapfile -t scripts < <(grep -lE '^#!/(usr/bin/env bash|bin/(ba)?sh)' .ci/* findings/* jobs/* tests/*/* tests/*/*/* 2>/dev/null)
    verdict "shellcheck" "$(shellcheck -x "${scripts[@]}" 2>&1)"
else
    skip "shellcheck" "it is not here"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
