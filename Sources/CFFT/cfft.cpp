// The interface in C: no exception leaves it.
#include "plan.h"

namespace {

// As kernels.h numbers them.
enum { avx2 = 2, avx512 = 3 };

template<typename Body> int guarded(Body body) {
  try {
    body();
    return 1;
  } catch (...) {
    return 0;
  }
}

}  // namespace

extern "C" {

fx_fft_plan *fx_fft_plan_new(int level, int is_double, int is_real, int64_t n) {
  fx_fft_plan *plan = nullptr;
  guarded([&] {
#if defined(__x86_64__)
    if (level == avx512)
      plan = fx_fft_plan_avx512(is_double, is_real, size_t(n));
    else if (level == avx2)
      plan = fx_fft_plan_avx2(is_double, is_real, size_t(n));
    else
#endif
      plan = fx_fft_plan_baseline(is_double, is_real, size_t(n));
  });
  return plan;
}

void fx_fft_plan_free(fx_fft_plan *plan) { delete plan; }
int64_t fx_fft_plan_bytes(const fx_fft_plan *plan) { return plan->bytes(); }
int fx_fft_lanes(const fx_fft_plan *plan) { return plan->lanes(); }
int fx_fft_is_split(const fx_fft_plan *plan, const fx_fft_job *job, int64_t count) { return plan->is_split(*job, count); }
int64_t fx_fft_split_bytes(const fx_fft_plan *plan) { return plan->split_bytes(); }
int64_t fx_fft_split_parts(const fx_fft_plan *plan, int step) { return plan->split_parts(step); }

int fx_fft_run(const fx_fft_plan *plan, const fx_fft_job *job, int64_t first, int64_t last) {
  return guarded([&] { plan->run(*job, first, last); });
}

int fx_fft_split_run(const fx_fft_plan *plan, const fx_fft_job *job, int step, int64_t first, int64_t last, void *between) {
  return guarded([&] { plan->split_run(*job, step, first, last, between); });
}

}
