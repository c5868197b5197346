// Fast Fourier transforms of one axis, by pocketfft: plans, and transforms of several signals side by side in the lanes of vectors.
#ifndef FLUXION_CFFT_H
#define FLUXION_CFFT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What transforms of one length need: factors and roots of unity. It never changes, so threads share it.
typedef struct fx_fft_plan fx_fft_plan;

/// What goes in and comes out: complex to complex by e^(-2*pi*i*jk/n) or e^(+2*pi*i*jk/n); real to the first n/2 + 1 complex; these to real.
typedef enum { FX_FFT_FORWARD, FX_FFT_BACKWARD, FX_FFT_REAL, FX_FFT_HERMITIAN } fx_fft_kind;

/// Transforms of one call: `count` of them, each of the plan's length. Steps are in elements of the array: complex ones, (re, im), or real ones.
typedef struct {
  fx_fft_kind kind;
  double scale;                          // what results are multiplied by
  int conjugated;                        // whether the imaginary parts that are read (half to real) or written (real to half) change their sign
  const void *from;
  ptrdiff_t from_distance, from_stride;  // from a signal to the next one, from an element to the next one
  void *to;
  ptrdiff_t to_distance, to_stride;
} fx_fft_job;

/// A plan for n > 0 numbers of float or double; `level` as fx_current_level(). NULL where there is no memory.
fx_fft_plan *fx_fft_plan_new(int level, int is_double, int is_real, int64_t n);
void fx_fft_plan_free(fx_fft_plan *plan);
/// The bytes that a plan takes, about.
int64_t fx_fft_plan_bytes(const fx_fft_plan *plan);

/// How many signals are best transformed at once: the lanes of a vector.
int fx_fft_lanes(const fx_fft_plan *plan);

/// Whether each of the job's `count` signals is best cut into columns and rows, by fx_fft_split_run; else fx_fft_run takes them.
int fx_fft_is_split(const fx_fft_plan *plan, const fx_fft_job *job, int64_t count);

/// The signals `first` ..< `last` of the job, side by side; 0 where there was no memory.
int fx_fft_run(const fx_fft_plan *plan, const fx_fft_job *job, int64_t first, int64_t last);

/// One signal, the job's first, that is split: in steps, each of parts that threads may share, which are done before the next step begins.
/// Complex signals have steps 0 and 1, real ones steps 0, 1, 2, and complex to real 2, 0, 1. What lies between steps takes memory.
int64_t fx_fft_split_bytes(const fx_fft_plan *plan);
int64_t fx_fft_split_parts(const fx_fft_plan *plan, int step);
int fx_fft_split_run(const fx_fft_plan *plan, const fx_fft_job *job, int step, int64_t first, int64_t last, void *between);

#ifdef __cplusplus
}
#endif
#endif
