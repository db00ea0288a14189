#!/usr/bin/env bash
# What package.py and the image's definition say is so: the files that they take are enough, and
# the variables that they give make are those of the Makefile.  Neither Spack nor Apptainer is run.
# shellcheck source=tests/run/common
. "$(dirname "$0")/common"
packaging=$ROOT/packaging

# A spack.package that notes what it is told, and an installation where all is below /opt.
mkdir -p fake/spack
: >fake/spack/__init__.py
cat >fake/spack/package.py <<'PY'
noted = []
def note(kind):
    return lambda *words, **named: noted.append((kind, words, named))
version, variant, depends_on = note("version"), note("variant"), note("depends_on")
class MakefilePackage:
    pass
PY
cat >ask.py <<'PY'
import runpy, sys
sys.path.insert(0, "fake")
package = runpy.run_path(sys.argv[1])["Polytree"]
import spack.package
class Spec:
    prefix, mpicc = "/opt", "/opt/bin/mpicc"
    def __getitem__(self, name): return self
    def satisfies(self, what): return True
made = package()
made.spec, made.prefix = Spec(), "/opt"
print("git", made.git)
for kind, words, _ in spack.package.noted: print(kind, words[0].split("@")[0].split()[0])
for word in made.build_targets + made.install_targets: print("make", word)
PY
expect 0 "$PYTHON" -B ask.py "$packaging/spack/packages/polytree/package.py"
cp out asked
says asked "^git file://$ROOT$"
says asked "^version $("$POLYTREE" --version | sed -n '1s/polytree //p')$"
sed -n 's/^make //p' asked | grep -v = | sort -u >targets
[ "$(paste -sd' ' targets)" = "all install" ] || fail "it makes $(paste -sd' ' targets)"
sed -n 's/^make \([A-Z0-9]*\)=.*/\1/p' asked | sort -u | while read -r name; do
    grep -qE "^$name +:=|ifneq \(\\\$\($name\)" "$ROOT/Makefile" || fail "the Makefile has no $name"
done
# A dependency for each library that the Makefile asks pkg-config for.
for name in $(sed -n 's/^PKGS *:= *//p' "$ROOT/Makefile" | tr -d '()$'); do
    case $name in
    HDF5_PKG) name=hdf5 ;;
    libxxhash) name=xxhash ;;
    libturbojpeg) name=libjpeg-turbo ;;
    esac
    says asked "^depends_on $name$"
done

# The image's files: all that installing takes.
mkdir src
sed -n '/^%files/,/^$/s|^ *\([^ %]*\) /src/\1$|\1|p' "$packaging/apptainer/polytree.def" | while read -r name; do
    cp -r "$ROOT/$name" src/
done
[ -e src/Makefile ] || fail "no files are named"
expect 0 make -n -C src install PREFIX=/usr/local
says out "src/app/main.o"
says "$packaging/apptainer/polytree.def" "^    Version $("$POLYTREE" --version | sed -n '1s/polytree //p')$"
