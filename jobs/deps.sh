#!/usr/bin/env bash
# Find what the build (all), the tests (check) or the demo need, and install it with apt
# on Debian and Ubuntu.  DNNL=0: oneDNN is not wanted; HDF5: what the Makefile has found of it.
set -u
what=${1:-all}
# apt's modules are for the system's Python, whichever comes first in PATH.
python=${PYTHON:-/usr/bin/python3}

# shellcheck disable=SC2317  # the table below calls these
has_header() {
    printf '#include <%s>\n' "$1" | "${CC:-cc}" -E - >/dev/null 2>&1
}
# shellcheck disable=SC2317
has_python() {
    "$python" -c "import $1" >/dev/null 2>&1
}

# shellcheck disable=SC2317
has_hdf5() {
    [ -n "${HDF5:-}" ]
}

# what it serves | how to see that it is there | Debian package | must be there
needs() {
    cat <<'TABLE'
all|command -v cc|gcc|yes
all|command -v pkg-config|pkg-config|yes
all|command -v mpicc|libopenmpi-dev|yes
all|command -v mpirun|openmpi-bin|yes
all|pkg-config --exists openblas|libopenblas-dev|yes
all|has_hdf5|libhdf5-openmpi-dev|yes
all|pkg-config --exists jansson|libjansson-dev|yes
all|pkg-config --exists libxxhash|libxxhash-dev|yes
all|pkg-config --exists libpng|libpng-dev|yes
all|pkg-config --exists libturbojpeg|libturbojpeg0-dev|yes
all|pkg-config --exists zlib|zlib1g-dev|yes
all|pkg-config --exists libarchive|libarchive-dev|yes
all|has_header xxhash.h|libxxhash-dev|yes
all|has_header Random123/philox.h|librandom123-dev|yes
all|has_header dnnl.h|libdnnl-dev|no
all|pkg-config --exists scalapack-openmpi|libscalapack-openmpi-dev|no
check|pkg-config --exists cmocka|libcmocka-dev|yes
check|command -v h5dump|hdf5-tools|yes
check|has_python numpy|python3-numpy|yes
check|has_python h5py|python3-h5py|yes
check|has_python scipy.io|python3-scipy|no
check|has_python sklearn|python3-sklearn|no
check|has_python PIL|python3-pil|no
check|has_python pandas|python3-pandas|no
check|has_python onnx|python3-onnx|no
check|has_python torch|python3-torch|no
check|command -v node|nodejs|no
check|command -v npm|npm|no
check|command -v chromium|chromium|no
check|command -v smpicc|libsimgrid-dev|no
cluster|test -x /usr/sbin/slurmctld|slurmctld|no
cluster|test -x /usr/sbin/slurmd|slurmd|no
cluster|command -v srun|slurm-client|no
cluster|test -x /usr/sbin/munged|munge|no
cluster|test -x /usr/sbin/ip -o -x /sbin/ip|iproute2|no
demo|command -v dot|graphviz|no
demo|test -d /usr/share/datasets/fashion-mnist|dataset-fashion-mnist|no
TABLE
}


missing=() optional=()
while IFS='|' read -r serves test package must; do
    case $serves in all | "$what") ;; *) continue ;; esac
    if [ "$package" = libdnnl-dev ] && [ "${DNNL:-}" = 0 ]; then
        continue
    fi
    if ! $test >/dev/null 2>&1 </dev/null; then
        case $must:" ${missing[*]-} " in
        yes:*" $package "*) ;;
        yes:*) missing+=("$package") ;;
        no:*) optional+=("$package") ;;
        esac
    fi
done < <(needs)

if [ ${#missing[@]} -eq 0 ] && { [ ${#optional[@]} -eq 0 ] || [ "$what" = check ]; }; then
    [ "$what" != all ] || echo "deps: everything is there"
    exit 0
fi
[ ${#missing[@]} -eq 0 ] || echo "deps: missing: ${missing[*]}"
[ ${#optional[@]} -eq 0 ] || echo "deps: missing, but not needed: ${optional[*]}"

give_up() {
    echo "deps: $1" >&2
    [ ${#missing[@]} -eq 0 ] && exit 0
    echo "deps: install these (names of Debian packages) and try again: ${missing[*]}" >&2
    exit 1
}

command -v apt-get >/dev/null || give_up "no apt-get on this machine"
as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || give_up "neither root nor sudo: cannot install"
    as_root=(sudo)
fi
apt() {
    echo "deps: ${as_root:+sudo }apt-get $*"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" </dev/null
}

apt update || give_up "apt-get update failed"
if [ ${#missing[@]} -gt 0 ]; then
    apt install -y --no-install-recommends "${missing[@]}" || give_up "apt-get install failed"
fi
for package in "${optional[@]}"; do
    apt install -y --no-install-recommends "$package" || echo "deps: going on without $package"
done
exit 0
