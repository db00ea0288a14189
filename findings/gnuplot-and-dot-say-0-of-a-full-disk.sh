#!/usr/bin/env bash
# gnuplot 5.4.4 and Graphviz 2.42.2 (Debian 12): a picture that could not be written, for want of
# room, is no error to either.
#
# What one expects: a line on stderr and an exit code other than 0, as from cp.
# What happens: both end with 0 and say nothing.  On a disk that fills up their files are cut off,
# so that a program that calls them must have the picture on their stdout and write it itself.
#
# Seen, with /dev/full as the file, which has no room ever:
#   cp: 1
#   gnuplot: 0, 0 bytes on stderr
#   dot: 0, 0 bytes on stderr
set -eu
apt-get install -y --no-install-recommends gnuplot-nox=5.4.4+dfsg1-2+b2 graphviz=2.42.2-7+deb12u1 >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo 'digraph { a -> b }' >graph.dot
code() {
    local code=0
    "$@" 2>err || code=$?
    echo $code
}
{
    echo "cp: $(code cp graph.dot /dev/full)"
    echo "gnuplot: $(code gnuplot -e 'set terminal svg; set output "/dev/full"; plot x'), $(wc -c <err) bytes on stderr"
    echo "dot: $(code dot -Tsvg -o /dev/full graph.dot), $(wc -c <err) bytes on stderr"
} | tee seen
diff seen - <<'END'
cp: 1
gnuplot: 0, 0 bytes on stderr
dot: 0, 0 bytes on stderr
END
