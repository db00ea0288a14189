#!/usr/bin/env bash
# What README.md, CONTRIBUTING.md and docs/*.md show is so.  Each of them has a folder of its
# own here, in which its blocks are taken in order:
#
#     ```python    runs
#     ```sh        runs behind a line <!-- run -->; else its commands, flags, options and
#                  files are looked up
#     ```console   behind <!-- run --> commands `$ ...` run, and put out what stands below
#                  them: the same lines with other numbers, `...` for any.  Behind
#                  <!-- make demo --> that takes minutes and data: it is looked up like sh
#     ```ini       its options are looked up
#
# Links lead to files and headings that there are, as do names of files and functions.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
"$PYTHON" -c "import h5py" 2>/dev/null || skip "$PYTHON has no h5py"
top=$PWD

# The program and mpirun by their names; recipes need the Python that has h5py.
mkdir bin
printf '#!/bin/sh\nexec "%s" "$@"\n' "$POLYTREE" >bin/polytree
printf '#!/bin/sh\nexec "%s" "$@"\n' "$PYTHON" >bin/python3
printf '#!/bin/sh\nexec %s --bind-to none "$@"\n' "$(command -v mpirun || echo false)" >bin/mpirun
chmod +x bin/*
export PATH=$top/bin:$PATH

# take_apart FILE: its blocks as 01.sh, 02.python, .., each with what stands before in .how.
take_apart() {
    awk '/^```[a-z]+$/ && !inside { name = sprintf("%02d.%s", ++n, substr($0, 4)); inside = 1
             print how >name ".how"; printf "" >name; next }
         /^```$/ { inside = 0; how = ""; next }
         inside { print >name; next }
         { how = $0 == "" ? how : $0 }' "$1"
}

# An option of section.key; of a task's section whatever the task.
known() {
    local name=$1
    [[ $name != task.*.* ]] || name=task.NAME.${name##*.}
    grep -qF "$name = " <<<"$options" || fail "$document: no option $1"
}

# commands BLOCK: one a line, without comments.
commands() {
    sed -e ':a; /\\$/{N; s/\\\n//; ba}' -e 's/[[:space:]]# .*//' "$1" |
        if [[ $1 == *.console ]]; then sed -n 's/^\$ //p'; else cat; fi
}

# look_up BLOCK: commands, flags, options and files in it are there.
look_up() {
    local line word words command help
    while read -r line; do
        read -ra words <<<"$line"
        for word in "${words[@]}"; do
            case $word in
            configs/*.ini | jobs/* | tests/*.sh | io/recipes/*.py)
                [ -e "$ROOT/$word" ] || fail "$document: no file $word" ;;
            build/tests/*) [ -e "$ROOT/${word#build/}.c" ] || fail "$document: no file $word" ;;
            esac
        done
        [[ " $line" =~ \ polytree\ (.*) ]] || continue
        read -ra words <<<"${BASH_REMATCH[1]}"
        command=("${words[@]}")
        until help=$("$POLYTREE" help "${command[@]}" 2>/dev/null); do
            unset "command[-1]"
            [ ${#command[@]} -gt 0 ] || fail "$document: no command in: $line"
        done
        for word in "${words[@]}"; do
            case $word in
            --set) ;;
            --*) grep -qE -- "${word%%=*}( |\$)" <<<"$help" || fail "$document: no flag $word: $line" ;;
            [a-z]*.[a-z]*=*) known "${word%%=*}" ;;
            esac
        done
    done < <(commands "$1")
}

look_up_options() {
    local section='' line
    while read -r line; do
        case $line in
        \[*) section=${line#[} section=${section%]*} ;;
        *=*) known "$section.${line%% *}" ;;
        esac
    done <"$1"
}

# like LINE: what matches it, numbers being any.
like() {
    sed -e 's/[][\.*^$+?(){}|]/\\&/g' -e 's/[0-9][0-9.]*\(e[-+]\?[0-9]\+\)\?/[0-9.e+-]+/g' -e 's/\\\.\[0-9\.e+-\]+/[0-9.e+-]+/g' \
        -e 's/ \+/ +/g' <<<"$1"
}

# compare WANT COMMAND: the lines of file `put`, which the command has made, are those of WANT.
compare() {
    local want n=0 any=0 pattern
    mapfile -t put <put
    while IFS= read -r want; do
        if [ "$want" = ... ]; then
            any=1
            continue
        fi
        pattern=$(like "$want")
        while [ $n -lt ${#put[@]} ] && [ $any = 1 ] && ! [[ ${put[n]} =~ ^$pattern\ *$ ]]; do
            n=$((n + 1))
        done
        if [ $n -ge ${#put[@]} ] || ! [[ ${put[n]} =~ ^$pattern\ *$ ]]; then
            cat put >&2
            fail "$document shows after '$2': $want"
        fi
        n=$((n + 1)) any=0
    done <"$1"
    [ $any = 1 ] || [ $n = ${#put[@]} ] || fail "$document leaves out of '$2': ${put[n]}"
}

run_console() {
    local n=0 line shown
    rm -f want.*
    while IFS= read -r line; do
        if [[ $line == "$ "* ]]; then
            n=$((n + 1))
            echo "${line#$ }" >"command.$n"
            : >"want.$n"
        else
            echo "$line" >>"want.$n"
        fi
    done <"$1"
    for ((i = 1; i <= n; i++)); do
        shown=$(cat "command.$i")
        bash -c "$shown" >put 2>&1 </dev/null || true # the last line says it
        compare "want.$i" "$shown"
    done
}

take_block() {
    local how
    how=$(cat "$1.how")
    case ${1#*.} in
    python) expect 0 "$PYTHON" "$1" ;;
    ini) look_up_options "$1" ;;
    sh | console)
        look_up "$1"
        [ "$how" = "<!-- run -->" ] || return 0
        if [ "${1#*.}" = sh ]; then
            expect 0 bash -eu "$1"
        else
            run_console "$1"
        fi
        ;;
    esac
}

# headings FILE: as links name them.
headings() {
    sed -n 's/^##* //p' "$1" | sed -e 's/.*/\L&/' -e 's/[^a-z0-9 _-]//g' -e 's/ /-/g'
}

# shellcheck disable=SC2016  # Markdown's quotes
links() {
    sed '/^```/,/^```$/d' "$1" | grep -oE '\]\([^)]+\)' | sed 's/^](//; s/)$//'
}

check_links() {
    local link file
    while read -r link; do
        [[ $link != http* ]] || continue
        file=${link%%#*}
        file=$(dirname "$1")/${file:-$(basename "$1")}
        [ -e "$file" ] || fail "$document: a link to $link, which is not there"
        [[ $link != *#* ]] || headings "$file" | grep -qx -- "${link#*#}" ||
            fail "$document: a link to $link, where there is no such heading"
    done < <(links "$1")
}

# Files and functions that stand in back quotes are there.
# shellcheck disable=SC2016  # Markdown's quotes
check_names() {
    local name folder
    while read -r name; do
        case $name in
        *NAME* | *OBJECT*) ;;
        pt_* | *_t | PT_*)
            name=${name%()}
            grep -rqwF -- "$name" "$ROOT/src" "$ROOT/include" "$ROOT/io" || fail "$document: there is no $name"
            ;;
        *.[ch] | *.sh | *.awk | *.py)
            for folder in . include include/polytree src 'src/*'; do
                ! compgen -G "$ROOT/$folder/$name" >/dev/null || continue 2
            done
            fail "$document: there is no file $name"
            ;;
        esac
    done < <(sed '/^```/,/^```$/d' "$1" | grep -oE '`[^` ]+`' | tr -d '`' | sort -u)
}

# What comments cite as "docs/FILE.md, SECTION" or "docs/FILE.md, rule N" is there.
check_citations() {
    local file section
    while IFS='|' read -r file section; do
        document=$file
        [ -e "$ROOT/$file" ] || fail "a comment cites $file, which is not there"
        if [[ $section =~ ^rule\ [0-9] ]]; then
            grep -q "^\*\*Rule ${section#rule }," "$ROOT/$file" || fail "$file has no $section"
        else
            headings "$ROOT/$file" | tr -d , | grep -qx -- "${section// /-}" || fail "$file has no section '$section'"
        fi
    done < <(cat "$ROOT"/{src,include/polytree}/*/*.[ch] "$ROOT"/io/*.[ch] | tr '\n' ' ' | sed 's/  *\*  */ /g' |
        grep -oE 'docs/[a-z]+\.md, [a-z0-9 ,-]+\)' | sed -e 's/)$//' -e 's/, /|/' -e 's/,//g' | sort -u)
}

options=$("$POLYTREE" help options)
[ "$(wc -l <"$ROOT/README.md")" -le 220 ] || fail "README.md has more than 220 lines"
for path in "$ROOT/README.md" "$ROOT/CONTRIBUTING.md" "$ROOT"/docs/*.md; do
    document=${path#"$ROOT/"}
    mkdir -p "$top/$document.d" && cd "$top/$document.d"
    for name in configs docs io jobs tests; do
        ln -s "$ROOT/$name" "$name"
    done
    check_links "$path"
    check_names "$path"
    take_apart "$path"
    for block in [0-9]*; do
        [ ! -e "$block.how" ] || take_block "$block"
    done
done

check_citations

# The data of README.md and docs/data.md.
cd "$top/README.md.d"
"$POLYTREE" search configs/test-small.ini -o OWN --set data.file=own.h5 \
    warmup.steps=300 search.steps=300 retrain.steps=500 >out
[ "$(grep -c 'accuracy 1\.0000' out)" -ge 2 ] || fail "README.md says that both tasks reach 1"
cd "$top/docs/data.md.d"
expect 0 "$POLYTREE" eval FEATURES
says out "^  signs +50 .*auc"
# Augmentation is not for features.
expect 0 "$POLYTREE" search configs/test-small.ini -o still --set data.file=features.h5 \
    space.op=linear_bn_relu space.stem=linear_bn_relu space.stride=1 \
    augment.rotate=0 augment.scale=0 augment.shear=0 augment.shift=0
same_result FEATURES still
refuses 1 "space.stem has a window of 3 x 3 .*features.*linear_bn_relu in space.stem and space.op" \
    search configs/test-small.ini -o none --set data.file=features.h5
refuses 1 "space.op has a window" search configs/test-small.ini -o none --set data.file=features.h5 \
    space.stem=linear_bn_relu
refuses 1 "linear in space.stem or space.op is for features: for images use" \
    search configs/test-small.ini -o none --set data.file=shapes.h5 space.op=linear_bn_relu
