#!/usr/bin/env bash
# inih r55 as Debian 12 builds it (libinih1 55-1): a line is cut after 199 characters,
# and its rest is read as a line of its own, without an error.
#
# What one expects: long lines work, or ini_parse() returns the number of the line that is too
# long.
# What happens: the buffer has 200 bytes, and fgets() gives what is left at the next turn.  A
# comment that is long enough sets options with its end, and a long value loses its end,
# which makes an option of its own where it has an equals sign.  ini_parse() returns 0.
#
# Seen: from one long comment and one long value
#   [s] lr = 5
#   [s] path = 192 characters
#   [s] steps = 3
#   result 0
set -eu
apt-get install -y --no-install-recommends libinih-dev=55-1 libinih1=55-1 gcc libc6-dev >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.c <<'END'
#include <ini.h>
#include <stdio.h>
#include <string.h>

static int show(void *user, const char *section, const char *name, const char *value)
{
    (void)user;
    if (strlen(value) > 20)
        printf("[%s] %s = %zu characters\n", section, name, strlen(value));
    else
        printf("[%s] %s = %s\n", section, name, value);
    return 1;
}

int main(void)
{
    printf("result %d\n", ini_parse("long.ini", show, NULL));
    return 0;
}
END
gcc look.c -o look -linih
dots() { printf "%0$1d" 0 | tr 0 .; }
{
    echo "[s]"
    echo "; $(dots 197)lr = 5"
    echo "path = $(dots 192)steps = 3"
} >long.ini
./look | tee seen
diff seen - <<'END'
[s] lr = 5
[s] path = 192 characters
[s] steps = 3
result 0
END
