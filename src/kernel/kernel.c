/* Choosing the fastest backend and instruction set that this machine has. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "polytree/kernel/kernel.h"

#include "kernel/backend.h"

#if PT_HAS_BLAS
#include <cblas.h>
#endif

static bool machine_has(pt_isa_t isa)
{
    if (isa == PT_ISA_GENERIC)
        return true;
#if PT_HAS_X86
    if (isa == PT_ISA_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == PT_ISA_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("fma");
#endif
    return false;
}

static pt_isa_t best_isa(void)
{
    return machine_has(PT_ISA_AVX512) ? PT_ISA_AVX512
           : machine_has(PT_ISA_AVX2) ? PT_ISA_AVX2
                                      : PT_ISA_GENERIC;
}

static size_t conv_work_bytes(const pt_conv_t *conv)
{
    return conv->work_bytes;
}

static const char *conv_name(const pt_conv_t *conv)
{
    return conv->name;
}

static void conv_free(pt_conv_t *conv)
{
    if (conv)
        conv->run->free(conv);
}

static void conv_forward(const pt_conv_t *conv, const pt_real_t *x, const pt_real_t *w,
                         uint64_t version, pt_real_t *y, void *work)
{
    conv->run->forward(conv, x, w, version, y, work);
}

static void conv_backward_data(const pt_conv_t *conv, const pt_real_t *dy,
                               const pt_real_t *w, uint64_t version, pt_real_t *dx,
                               void *work)
{
    conv->run->backward_data(conv, dy, w, version, dx, work);
}

static void conv_backward_weights(const pt_conv_t *conv, const pt_real_t *x,
                                  const pt_real_t *dy, pt_real_t *dw, void *work)
{
    conv->run->backward_weights(conv, x, dy, dw, work);
}

static pt_backend_t best_backend(void)
{
    if (PT_HAS_ONEDNN)
        return PT_BACKEND_ONEDNN;
    return PT_HAS_BLAS ? PT_BACKEND_BLAS : PT_BACKEND_REF;
}

pt_status_t pt_kernel_init(pt_kernel_t *kernel, pt_backend_t backend, pt_isa_t isa,
                           int32_t threads)
{
    if (threads < 1)
        PT_FAIL(RANGE, "kernel threads must be 1 or more, got %d", (int)threads);
    if (backend == PT_BACKEND_AUTO)
        backend = best_backend();
    if ((backend == PT_BACKEND_BLAS && !PT_HAS_BLAS) ||
        (backend == PT_BACKEND_ONEDNN && !PT_HAS_ONEDNN))
        PT_FAIL(MISSING, "kernel backend %s is not in this build",
                pt_backend_name(backend));
    if (isa == PT_ISA_NATIVE)
        isa = best_isa();
    if (backend != PT_BACKEND_REF && !machine_has(isa))
        PT_FAIL(MISSING, "this machine lacks %s (best: %s)", pt_isa_name(isa),
                pt_isa_name(best_isa()));

    pt_kernel_t k = {.backend = backend,
                     .isa = isa,
                     .threads = threads,
                     .conv_free = conv_free,
                     .conv_work_bytes = conv_work_bytes,
                     .conv_name = conv_name,
                     .conv_forward = conv_forward,
                     .conv_backward_data = conv_backward_data,
                     .conv_backward_weights = conv_backward_weights};
    pt_ref_fill_conv(&k);
    pt_ref_fill_norm(&k);
    pt_ref_fill_pool(&k);
    pt_ref_fill_resize(&k);
    pt_ref_fill_elementwise(&k);
#if PT_HAS_BLAS
    if (backend != PT_BACKEND_REF)
        pt_blas_fill(&k);
#endif
#if PT_HAS_ONEDNN
    if (backend == PT_BACKEND_ONEDNN)
        PT_TRY(pt_onednn_fill(&k));
#endif
    *kernel = k;
    return PT_OK;
}

void pt_kernel_release(pt_kernel_t *kernel)
{
    if (!kernel)
        return;
#if PT_HAS_ONEDNN
    if (kernel->backend == PT_BACKEND_ONEDNN)
        pt_onednn_release(kernel);
#endif
    memset(kernel, 0, sizeof *kernel);
}

#if PT_HAS_BLAS
/* Names of x86 cores, as OpenBLAS has them, that know of no AVX2, and of no AVX-512. */
static const char *const core_without_avx2[] = {
    "Katmai",     "Coppermine",   "Northwood",  "Prescott", "Banias",      "Atom",
    "Core2",      "Penryn",       "Dunnington", "Nehalem",  "Sandybridge", "Athlon",
    "Opteron",    "Opteron_SSE3", "Barcelona",  "Nano",     "Bobcat",      "Bulldozer",
    "Piledriver", "Steamroller",  NULL};
static const char *const core_without_avx512[] = {"Haswell", "Excavator", "Zen", NULL};

static bool is_among(const char *name, const char *const *names)
{
    while (*names && strcasecmp(name, *names) != 0)
        names++;
    return *names != NULL;
}
#endif

const char *pt_kernel_older_core(const pt_kernel_t *kernel, const char **better)
{
#if PT_HAS_BLAS
    const char *core = openblas_get_corename();
    bool is_older = (kernel->isa >= PT_ISA_AVX2 && is_among(core, core_without_avx2)) ||
                    (kernel->isa == PT_ISA_AVX512 && is_among(core, core_without_avx512));
    if (kernel->backend != PT_BACKEND_REF && is_older) {
        *better = kernel->isa == PT_ISA_AVX512 ? "SkylakeX" : "Haswell";
        return core;
    }
#else
    (void)kernel;
    (void)better;
#endif
    return NULL;
}

const char *pt_kernel_library(int32_t i)
{
#if PT_HAS_BLAS
    if (i == 0)
        return openblas_get_config();
#endif
#if PT_HAS_ONEDNN
    if (i == 1)
        return pt_onednn_version();
#endif
    (void)i;
    return NULL;
}
