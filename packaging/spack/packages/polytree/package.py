"""polytree for Spack, of the checkout that this file is in (its branch main)."""

import os

from spack.package import *

try:  # since Spack 1.0
    from spack_repo.builtin.build_systems.makefile import MakefilePackage
except ImportError:
    pass


class Polytree(MakefilePackage):
    """Searches the multi-task network that serves a set of tasks, under MPI."""

    # packaging/spack/packages/polytree/package.py
    git = "file://" + os.path.abspath(os.path.join(os.path.dirname(__file__), "../../../.."))

    version("0.3.0", branch="main")

    variant("onednn", default=True, description="convolutions by oneDNN")

    depends_on("c", type="build")
    depends_on("gmake", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("random123", type="build")  # headers
    depends_on("mpi")
    depends_on("openblas threads=pthreads")
    depends_on("netlib-scalapack")
    depends_on("hdf5")
    depends_on("jansson")
    depends_on("xxhash")
    depends_on("libpng")
    depends_on("libjpeg-turbo")
    depends_on("zlib")
    depends_on("libarchive")
    depends_on("onednn@2 cpu_runtime=omp", when="+onednn")

    def variables(self):
        """What make is told, for each target."""
        spec = self.spec
        return [
            f"CC={spec['mpi'].mpicc}",
            f"HDF5={spec['hdf5'].prefix}",
            f"DNNL={int(spec.satisfies('+onednn'))}",
            f"PREFIX={self.prefix}",
        ]

    @property
    def build_targets(self):
        return ["all", *self.variables()]

    @property
    def install_targets(self):
        return ["install", *self.variables()]
