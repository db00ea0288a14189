#!/usr/bin/env bash
# libarchive 3.6.2 (Debian 12; here through its bsdtar): the checksum at the end of a gzip stream
# is not compared, so that a damaged .tar.gz is unpacked without an error.
#
# What one expects: an error, as from `gzip -t` and GNU tar: the checksum is there for it.
# What happens: where the damage leaves the compressed stream readable, bsdtar writes the changed
# bytes and ends with code 0.  tar's own checksums are of the headers only.
#
# Seen, of a file of which one stored byte was changed:
#   gzip: 1
#   GNU tar: 2
#   bsdtar: 0
#   what bsdtar wrote is not what was packed
set -eu
apt-get install -y --no-install-recommends libarchive-tools=3.6.2-1+deb12u5 libarchive13=3.6.2-1+deb12u5 \
    tar gzip python3 >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir in a b
printf 'one\ntwo\n' >in/numbers
tar -cf all.tar -C in numbers
# Stored rather than squeezed, so that a changed byte is just another byte of the file.
/usr/bin/python3 - <<'END'
import zlib
packer = zlib.compressobj(0, zlib.DEFLATED, 31)
data = packer.compress(open("all.tar", "rb").read()) + packer.flush()
open("all.tar.gz", "wb").write(data)
assert data.count(b"two") == 1
open("hurt.tar.gz", "wb").write(data.replace(b"two", b"2wo"))
END
gzip -t all.tar.gz
code() {
    local code=0
    "$@" 2>err || code=$?
    echo $code
}
{
    echo "gzip: $(code gzip -t hurt.tar.gz)"
    echo "GNU tar: $(code tar -xzf hurt.tar.gz -C a)"
    echo "bsdtar: $(code bsdtar -xf hurt.tar.gz -C b)"
    cmp -s in/numbers b/numbers || echo "what bsdtar wrote is not what was packed"
} | tee seen
diff seen - <<'END'
gzip: 1
GNU tar: 2
bsdtar: 0
what bsdtar wrote is not what was packed
END
