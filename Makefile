# polytree: make deps | all | demo | check | check-long | lint | install | uninstall | info | clean
# Options: DEBUG=1 ASAN=1 DNNL=0 WERROR=1 PREFIX=/usr/local DESTDIR= BUILD=build CC=mpicc

VERSION := 0.1.0
CC      := mpicc
BUILD   := build
PREFIX  := /usr/local
DNNL    := $(if $(wildcard /usr/include/dnnl.h /usr/include/oneapi/dnnl/dnnl.h),1,0)

PKGS    := openblas hdf5-openmpi jansson inih libxxhash libpng zlib
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
OPT     := $(if $(DEBUG),-O1 -g3,-O2 -g -ftree-vectorize)
comma   := ,
SAN     := $(if $(ASAN),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer)
CFLAGS  += -std=c11 -D_GNU_SOURCE -ffp-contract=off $(OPT) $(SAN) $(WARN) $(if $(WERROR),-Werror)
CPPFLAGS += -Iinclude -Isrc -I. -DPT_VERSION='"$(VERSION)"' -DPT_WITH_DNNL=$(DNNL) -MMD -MP \
            $(shell pkg-config --cflags $(PKGS))
LDLIBS  += $(shell pkg-config --libs $(PKGS)) $(if $(filter 1,$(DNNL)),-ldnnl) -lm

LIB_SRC := $(filter-out src/app/% src/kernel/vector.c,$(wildcard src/*/*.c)) $(wildcard io/*.c)
ISAS    := $(if $(filter x86_64,$(shell uname -m)),generic avx2 avx512,generic)
ISA_generic :=
ISA_avx2    := -mavx2 -mfma
ISA_avx512  := -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma -mprefer-vector-width=512

OBJ     := $(LIB_SRC:%.c=$(BUILD)/%.o) \
           $(if $(wildcard src/kernel/vector.c),$(ISAS:%=$(BUILD)/src/kernel/vector_%.o))
APP_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/app/*.c))

.DEFAULT_GOAL := all
.PHONY: all clean
all: $(BUILD)/polytree

$(BUILD)/polytree: $(APP_OBJ) $(BUILD)/libpolytree.a
	$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LDLIBS) -o $@

$(BUILD)/libpolytree.a: $(OBJ)
	rm -f $@ && ar rcs $@ $^

# The same source three times; the kernel is chosen at run time by ISA.
$(BUILD)/src/kernel/vector_%.o: src/kernel/vector.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -O3 $(ISA_$*) -DPT_VECTOR_ISA=$* -c $< -o $@

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(BUILD)/tests/%: tests/%.c $(BUILD)/libpolytree.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $^ $(LDFLAGS) -lcmocka $(LDLIBS) -o $@

clean:
	rm -rf $(BUILD)

-include $(OBJ:.o=.d) $(APP_OBJ:.o=.d)
