// What a plan is to its callers; each instruction set has its own kinds of it (level.h).
#ifndef FLUXION_CFFT_PLAN_H
#define FLUXION_CFFT_PLAN_H

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include "include/CFFT.h"

struct fx_fft_plan {
  virtual ~fx_fft_plan() = default;
  virtual int64_t bytes() const = 0;
  virtual int lanes() const = 0;
  virtual bool is_split(const fx_fft_job &job, int64_t count) const = 0;
  virtual void run(const fx_fft_job &job, int64_t first, int64_t last) const = 0;
  virtual int64_t split_bytes() const = 0;
  virtual int64_t split_parts(int step) const = 0;
  virtual void split_run(const fx_fft_job &job, int step, int64_t first, int64_t last, void *between) const = 0;
};

fx_fft_plan *fx_fft_plan_baseline(bool is_double, bool is_real, size_t n);
fx_fft_plan *fx_fft_plan_avx2(bool is_double, bool is_real, size_t n);
fx_fft_plan *fx_fft_plan_avx512(bool is_double, bool is_real, size_t n);

#endif
