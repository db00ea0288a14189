/** @file
 * What a core can do at most: fused multiply-adds of floats whose operands stay in
 * registers.
 */
#ifndef PT_BENCH_FMA_H
#define PT_BENCH_FMA_H

#include <time.h>

/** Processor seconds of all threads of this process. */
static inline double cpu_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined __x86_64__
#include <immintrin.h>

/* Sixteen chains: latency 4 times two units, and as much again. */
enum { FMA_CHAINS = 16, FMA_TURNS = 1 << 16 };

/** One turn of all chains many times over; returns floating-point operations. */
#define FMA_LOOP(name, isa, vector, set, fma, lanes)                                       \
    __attribute__((target(isa))) static inline double name(void)                           \
    {                                                                                      \
        vector x[FMA_CHAINS], a = set(0.999F), b = set(1e-3F);                             \
        volatile float sink;                                                               \
        for (int i = 0; i < FMA_CHAINS; i++)                                               \
            x[i] = set((float)i);                                                          \
        for (int t = 0; t < FMA_TURNS; t++)                                                \
            _Pragma("GCC unroll 16") for (int i = 0; i < FMA_CHAINS; i++) x[i] =           \
                fma(x[i], a, b);                                                           \
        for (int i = 0; i < FMA_CHAINS; i++)                                               \
            sink = x[i][0];                                                                \
        (void)sink;                                                                        \
        return 2.0 * lanes * FMA_CHAINS * FMA_TURNS;                                       \
    }
FMA_LOOP(fma_avx512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, 16)
FMA_LOOP(fma_avx2, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, 8)

static inline double fma_some(void)
{
    return __builtin_cpu_supports("avx512f") ? fma_avx512()
           : __builtin_cpu_supports("fma")   ? fma_avx2()
                                             : 0;
}
#else
static inline double fma_some(void)
{
    return 0;
}
#endif

/** GFLOP/s of this thread in processor time: the best of several runs; 0: not known of this
 * machine. */
static inline double fma_peak(void)
{
    double best = 0;

    for (int run = 0; run < 40; run++) {
        double begin = cpu_clock(), flop = fma_some(), seconds = cpu_clock() - begin;
        best = flop > best * seconds ? flop / seconds : best;
    }
    return best * 1e-9;
}

#endif
