# polytree, and what make does with it:
#   make                  build/polytree (as: make all)
#   make deps             install the packages that are missing (Debian, Ubuntu)
#   make demo             search a small network, from scratch; minutes
#   make check            pass all tests; check-long: many layouts and kills on top
#   make check-sanitize   the tests under address, undefined-behaviour and leak sanitizers
#   make check-valgrind   a tiny search on one and two ranks, and on two stages, under valgrind
#   make check-cluster    jobs preempted, stopped, killed and put back, on a Slurm that it starts
#   make check-portable   other builds: MPICH, clang, DNNL=0, HDF5 by prefix: the same results
#   make bench-peer       steps and predictions beside PyTorch's: a table, and BUILD/peer.json
#   make bench-site       what a site with several nodes makes of it: a page, BUILD/site.md
#   make lint             format and layers of the code
#   make install          into PREFIX; make uninstall takes it away
#   make info             versions of compiler and libraries
#   make clean            remove what was built
#   make help             this
# Options: DEBUG=1 ASAN=1 DNNL=0 SCALAPACK= WERROR=1 PREFIX=/usr/local DESTDIR= BUILD=build CC=mpicc HDF5=PREFIX V=1

VERSION := 0.3.0
CC      := mpicc
BUILD   := build
PREFIX  := /usr/local
DNNL    := $(if $(wildcard /usr/include/dnnl.h /usr/include/oneapi/dnnl/dnnl.h),1,0)
# Debian has libraries for each MPI.
MPI     := $(if $(findstring mpich,$(shell $(CC) -show 2>/dev/null)),mpich,openmpi)
# The name of the library; SCALAPACK= builds without it.
SCALAPACK := $(shell for p in scalapack-$(MPI) scalapack; do \
               pkg-config --exists $$p && echo $$p && break; done 2>/dev/null)
CFLAGS  := $(if $(DEBUG),-O1 -g3,-O2 -g -ftree-vectorize)
comma   := ,

# HDF5 is where HDF5=PREFIX says; else what pkg-config knows, at Debian's by a name for each MPI;
# else where its compiler script h5pcc says, for many sites have no file of pkg-config's.
ifneq ($(HDF5),)
HDF5_FILES := $(wildcard $(HDF5)/lib/libhdf5.* $(HDF5)/lib64/libhdf5.*)
HDF5_DIRS  := -I$(HDF5)/include -L$(patsubst %/,%,$(dir $(firstword $(HDF5_FILES))))
$(if $(and $(HDF5_FILES),$(wildcard $(HDF5)/include/hdf5.h)),, \
    $(error HDF5=$(HDF5): include/hdf5.h and lib/libhdf5.so are not there))
else
HDF5_PKG   := $(shell for p in hdf5-$(MPI) hdf5; do \
                pkg-config --exists $$p && echo $$p && break; done 2>/dev/null)
HDF5_DIRS  := $(if $(HDF5_PKG),,$(filter -I% -L%,$(shell h5pcc -shlib -show 2>/dev/null)))
endif
HDF5_LIBS  := $(if $(HDF5_DIRS),$(foreach d,$(filter -L%,$(HDF5_DIRS)),$d -Wl,-rpath,$(d:-L%=%)) -lhdf5)

# On a bare machine pkg-config and the libraries are not there yet: `deps` says so.
PKGS       := openblas $(HDF5_PKG) jansson libxxhash libpng libturbojpeg zlib libarchive
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(filter -I%,$(HDF5_DIRS))
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) $(HDF5_LIBS)

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
SAN     := $(if $(ASAN),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer)
COMPILE  = $(CC) -Iinclude -Isrc -I. -DPT_VERSION='"$(VERSION)"' -DPT_WITH_DNNL=$(DNNL) \
           -DPT_WITH_SCALAPACK=$(if $(SCALAPACK),1,0) \
           $(PKG_CFLAGS) $(CPPFLAGS) -std=c11 -D_GNU_SOURCE $(CFLAGS) -ffp-contract=off \
           $(SAN) $(WARN)
ERRORS  := $(if $(WERROR),-Werror)
DEPFILE  = -MMD -MP -MF $@.d -MT $@
LIBS     = $(LDFLAGS) $(PKG_LIBS) $(SCALAPACK:%=-l%) $(if $(filter 1,$(DNNL)),-ldnnl -lgomp) $(LDLIBS) -lm

LIB_SRC := $(filter-out src/app/% src/kernel/vector.c,$(wildcard src/*/*.c)) $(wildcard io/*.c)
APP_SRC := $(wildcard src/app/*.c)
ISAS    := $(if $(filter x86_64,$(shell uname -m)),generic avx2 avx512,generic)
ISA_generic :=
ISA_avx2    := -mavx2 -mfma
ISA_avx512  := -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma -mprefer-vector-width=512

OBJ     := $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/src/study/page.css.o $(BUILD)/src/study/page.js.o \
           $(if $(wildcard src/kernel/vector.c),$(ISAS:%=$(BUILD)/src/kernel/vector_%.o))
APP_OBJ := $(APP_SRC:%.c=$(BUILD)/%.o)

# Operations and plans in double, for gradients by finite differences: the reference backend only.
SRC64   := $(filter-out src/kernel/blas% src/kernel/onednn% src/kernel/vector%, \
             $(wildcard src/base/*.c src/config/*.c src/tensor/*.c src/kernel/*.c src/op/*.c \
               src/graph/*.c io/file.c))
OBJ64   := $(SRC64:%.c=$(BUILD)/real64/%.o)

TEST_SRC := $(wildcard tests/unit/test_*.c tests/op/test_*.c tests/op/test64_*.c \
              tests/mpi/test_*.c tests/fuzz/test_*.c)
# Benchmarks are built with the tests, so that they go on compiling, and run by hand.
BENCH_SRC := $(wildcard tests/bench/*.c) tests/bench/scaling/tasks.c tests/bench/scaling/shares.c \
             tests/bench/peer/ours.c
TESTS    := $(TEST_SRC:%.c=$(BUILD)/%) $(BENCH_SRC:%.c=$(BUILD)/%)

# The target alone is shown, or with V=1 the whole command.
say      = $(if $(V),,@echo '  $(1:$(BUILD)/%=%)';)

# A sub-make of a plain `make check` uses all cores; under `make -j4` it shares those.
PARALLEL = $(if $(filter --jobserver% -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.DEFAULT_GOAL := all
# The comment that this file begins with.
help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

.PHONY: help all tests deps demo bench-peer bench-site check check-long check-sanitize check-valgrind check-cluster check-portable lint install install-files uninstall info clean
.DELETE_ON_ERROR:

# Without this make links x.d from x.d.o, for which vector_%.o seems to be a way.
%: %.o

all: $(BUILD)/polytree
	@:
tests: $(TESTS)
	@:

$(BUILD)/polytree: $(APP_OBJ) $(BUILD)/libpolytree.a
	$(call say,$@)$(COMPILE) $(APP_OBJ) $(BUILD)/libpolytree.a $(LIBS) -o $@

$(BUILD)/libpolytree.a: $(OBJ)
	$(call say,$@)rm -f $@ && ar rcs $@ $^

$(BUILD)/real64/libpolytree64.a: $(OBJ64)
	$(call say,$@)rm -f $@ && ar rcs $@ $^

# The same source three times; the kernel is chosen at run time by ISA.
$(BUILD)/src/kernel/vector_%.o: src/kernel/vector.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,$@)$(COMPILE) $(ERRORS) $(DEPFILE) -O3 $(ISA_$*) -DPT_VECTOR_ISA=$* -c $< -o $@

# Style and script of pages as texts in the program, with the digests by which a page allows them.
$(BUILD)/src/study/page.%.o: src/study/page.% $(BUILD)/flags
	@mkdir -p $(@D)
	@{ echo 'extern const char study_page_$*[], study_page_$*_digest[];'; \
	    echo 'const char study_page_$*[] = {'; od -An -v -t x1 $< | sed 's/ \(..\)/0x\1,/g'; echo '0};'; \
	    printf 'const char study_page_$*_digest[] = "%s";\n' "$$(sha256sum <$< | cut -c 1-64 | \
	    tr a-f A-F | basenc --base16 -d | base64)"; } >$(@:.o=.c)
	$(call say,$@)$(COMPILE) $(ERRORS) -c $(@:.o=.c) -o $@

$(BUILD)/real64/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,$@)$(COMPILE) $(ERRORS) $(DEPFILE) -DPT_REAL64 -c $< -o $@

$(BUILD)/tests/op/test64_%.o: tests/op/test64_%.c $(BUILD)/flags
	@mkdir -p $(@D)
	@$(COMPILE) $(ERRORS) $(DEPFILE) -DPT_REAL64 -c $< -o $@

$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	@$(COMPILE) $(ERRORS) $(DEPFILE) -c $< -o $@

$(BUILD)/tests/op/test64_%: $(BUILD)/tests/op/test64_%.o $(BUILD)/real64/libpolytree64.a
	$(call say,$@)$(COMPILE) $^ -lcmocka $(LIBS) -o $@

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libpolytree.a
	$(call say,$@)$(COMPILE) $^ -lcmocka $(LIBS) -o $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,$@)$(COMPILE) $(ERRORS) $(DEPFILE) -c $< -o $@

# Other options than last time: everything is built anew.
FLAGS = $(COMPILE) $(LIBS)
.PHONY: force
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || echo '$(subst ','\'',$(FLAGS))' >$@

deps:
	@$(DEPS) all

demo:
	@$(DEPS) demo
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@POLYTREE=$(abspath $(BUILD))/polytree jobs/demo.sh

# Without PyTorch it says so.
bench-peer:
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/tests/bench/peer/ours
	@BUILD=$(BUILD) $${PYTHON:-/usr/bin/python3} tests/bench/peer/peer.py --out $(BUILD)/peer.json || [ $$? = 77 ]

bench-site: all $(BUILD)/tests/bench/steps $(BUILD)/tests/bench/links
	@BUILD=$(abspath $(BUILD)) POLYTREE=$(abspath $(BUILD))/polytree tests/bench/site.sh $(BUILD)/site.md

check check-long:
	@$(DEPS) check
	@$(MAKE) --no-print-directory $(PARALLEL) WERROR=1 all tests
	@BUILD=$(BUILD) tests/check/run.sh $(if $(filter check-long,$@),long)

check-sanitize:
	@$(DEPS) check
	@$(MAKE) --no-print-directory $(PARALLEL) WERROR=1 ASAN=1 BUILD=$(BUILD)-asan all tests
	@BUILD=$(BUILD)-asan tests/sanitize/run.sh

check-valgrind: all
	@POLYTREE=$(abspath $(BUILD))/polytree tests/valgrind/run.sh

check-cluster: all $(BUILD)/tests/bench/steps $(BUILD)/tests/bench/links
	@$(DEPS) cluster
	@BUILD=$(abspath $(BUILD)) POLYTREE=$(abspath $(BUILD))/polytree tests/cluster/trials.sh

check-portable:
	@$(DEPS) check
	@BUILD=$(abspath $(BUILD))-portable tests/portable/run.sh

# DNNL is empty unless the user has decided: a library that is not there yet may be installed.
DEPS = HDF5='$(strip $(HDF5_PKG) $(HDF5_LIBS))' \
       DNNL=$(if $(filter command% environment%,$(origin DNNL)),$(DNNL)) jobs/deps.sh

lint:
	@tests/lint/run.sh

TO      := $(DESTDIR)$(PREFIX)
SHARE   := $(TO)/share
FOLDERS := $(PREFIX) $(addprefix $(PREFIX)/,bin include lib lib/pkgconfig share share/doc share/man \
             share/man/man1 share/bash-completion share/bash-completion/completions)
install: all
	@$(MAKE) --no-print-directory install-files

# What was built, whatever with.
install-files:
# What was not there is noted, to be taken away again.
	@for d in $(FOLDERS); do [ -d "$(DESTDIR)$$d" ] || echo "$(DESTDIR)$$d"; done >$(BUILD)/folders
	install -D -m 755 $(BUILD)/polytree $(TO)/bin/polytree
	install -D -m 644 $(BUILD)/libpolytree.a $(TO)/lib/libpolytree.a
	mkdir -p $(TO)/include && cp -r include/polytree $(TO)/include/
	mkdir -p $(TO)/lib/pkgconfig && printf '%s\n' $(PC) >$(TO)/lib/pkgconfig/polytree.pc
	mkdir -p $(SHARE)/man/man1 && $(BUILD)/polytree help man >$(SHARE)/man/man1/polytree.1
	mkdir -p $(SHARE)/bash-completion/completions && \
	    $(BUILD)/polytree help completion >$(SHARE)/bash-completion/completions/polytree
	install -D -m 644 -t $(SHARE)/doc/polytree LICENSE CITATION.cff README.md CONTRIBUTING.md
	install -D -m 644 -t $(SHARE)/doc/polytree/docs $(wildcard docs/*)
	install -D -m 644 -t $(SHARE)/polytree/configs $(wildcard configs/*.ini)
	install -D -m 644 -t $(SHARE)/polytree/configs/encoders $(wildcard configs/encoders/*.ini)
	install -D -m 755 -t $(SHARE)/polytree/jobs $(wildcard jobs/*.sbatch)
	install -D -m 644 -t $(SHARE)/polytree/jobs jobs/site.sh jobs/job.sh
	install -D -m 755 -t $(SHARE)/polytree/recipes $(wildcard io/recipes/*.py)
	install -D -m 644 -t $(SHARE)/polytree/python $(wildcard io/python/*.py)
	$(if $(wildcard modulefiles/*),cp -r modulefiles $(SHARE)/polytree/)
	$(if $(DESTDIR),,cat $(BUILD)/folders >>$(SHARE)/polytree/folders)

# The lines of polytree.pc.  The library is static alone: pkg-config wants --static.  Of
# libarchive that would name libraries which only a static one needs, and which no package
# of ours brings.
PC = 'prefix=$(PREFIX)' 'Name: polytree' 'Version: $(VERSION)' \
     'Description: searches the network that serves a set of tasks' \
     'Requires.private: $(filter-out libarchive,$(PKGS))' 'Cflags: -I$${prefix}/include' \
     'Libs: -L$${prefix}/lib -lpolytree' \
     'Libs.private: $(if $(filter 1,$(DNNL)),-ldnnl -lgomp )$(strip $(HDF5_LIBS) -larchive -lm)'

uninstall:
	rm -f $(TO)/bin/polytree $(TO)/lib/libpolytree.a $(TO)/lib/pkgconfig/polytree.pc \
	    $(SHARE)/man/man1/polytree.1 $(SHARE)/bash-completion/completions/polytree
	made=$$(tac $(SHARE)/polytree/folders 2>/dev/null); \
	    rm -rf $(SHARE)/polytree $(SHARE)/doc/polytree $(TO)/include/polytree; \
	    for d in $$made; do rmdir "$$d" 2>/dev/null || true; done

info:
	@echo 'polytree  $(VERSION)'
	@echo 'compiler  $(CC): $(shell $(CC) --version 2>&1 | head -n 1)'
	@echo 'flags     $(CFLAGS) -ffp-contract=off $(SAN)'
	@echo 'mpi       $(shell mpirun --version 2>&1 | head -n 1)'
	$(if $(HDF5_DIRS),@echo 'hdf5      $(HDF5_DIRS)')
	@for p in $(PKGS); do printf '%-9s %s\n' $$p "$$(pkg-config --modversion $$p 2>&1 | head -n 1)"; done
	@echo 'onednn    $(if $(filter 1,$(DNNL)),$(shell printf '#include <dnnl_version.h>\nDNNL_VERSION_MAJOR.DNNL_VERSION_MINOR.DNNL_VERSION_PATCH\n' | $(CC) -E -P - 2>/dev/null | tail -n 1 | tr -d ' '),not used)'

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-portable

-include $(OBJ:=.d) $(APP_OBJ:=.d) $(OBJ64:=.d) $(TESTS:=.o.d)
# They are kept: a test is linked anew when only the library has changed.
.SECONDARY: $(TESTS:=.o)
