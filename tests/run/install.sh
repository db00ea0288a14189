#!/usr/bin/env bash
# What make install puts in place is whole: the program, its man page, configs, and a
# library that a program of one's own links by pkg-config.  make uninstall takes it away.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
BUILD=${BUILD:-$ROOT/build}
grep -q fsanitize "$BUILD/flags" && skip "a library with sanitizers is not installed"
command -v pkg-config >/dev/null || skip "pkg-config is not here"

install_files() {
    make -C "$ROOT" BUILD="$BUILD" PREFIX="$PWD/to" DESTDIR= "$1" >log 2>&1 || {
        cat log >&2
        fail "make $1"
    }
}
install_files install-files
expect 0 to/bin/polytree --version
says out "^polytree [0-9]"
grep -q '^\.TH POLYTREE 1' to/share/man/man1/polytree.1 || fail "no man page"
bash -n to/share/bash-completion/completions/polytree || fail "no completion"
[ -s to/share/polytree/configs/encoders/mobilenetv2.ini ] || fail "no encoders"

[ -x to/share/polytree/jobs/search.sbatch ] || fail "no job script"
[ -s to/share/polytree/jobs/site.sh ] || fail "no site.sh"
[ -x to/share/polytree/recipes/torchvision_weights.py ] || fail "no recipes"
[ -s to/share/doc/polytree/docs/use.md ] || fail "no documents"
says <(PYTHONPATH=to/share/polytree/python POLYTREE=$PWD/to/bin/polytree "$PYTHON" -B -c \
    'import polytree; print(polytree.command("--version"))') "^polytree [0-9]"

# The program of docs/use.md.
# shellcheck disable=SC2016  # no command
sed -n '/^```c$/,/^```$/{/^```/!p}' "$ROOT/docs/use.md" >own.c
export PKG_CONFIG_PATH=$PWD/to/lib/pkgconfig
# shellcheck disable=SC2046  # words of a command
expect 0 mpicc -std=c11 -Wall -Wextra -Werror $(pkg-config --cflags polytree) own.c $(pkg-config --libs --static polytree) -o own
small_data
expect 0 to/bin/polytree search "$SMALL" -o run
expect 0 ./own run
[ "$(wc -l <out)" = 3 ] || fail "not a line for each of three tasks"
says out "^[a-z]+ accuracy 0\\.[0-9]{4}$"
expect 1 ./own nowhere
says err "nowhere is not the folder of a run"
[ "$(pkg-config --modversion polytree)" = "$(to/bin/polytree --version | sed -n '1s/polytree //p')" ] ||
    fail "polytree.pc has another version than the program"
# Every public header stands for itself.
find to/include -name '*.h' -printf '#include <%P>\n' >all.c
while read -r line; do
    echo "$line" >one.c
    # shellcheck disable=SC2046
    expect 0 mpicc -std=c11 -Wall -Werror -fsyntax-only $(pkg-config --cflags polytree) one.c
done <all.c

install_files uninstall
[ ! -e to ] || fail "make uninstall leaves $(find to)"
