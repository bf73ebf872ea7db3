// The one place that knows which compiler is reading: index type and the host/device marker. Every
// public header includes it, directly or not.
#pragma once

// With these flags a compiler may take it that there is no NaN and no infinity, and it removes
// every test for one: a model that diverged would then look alive and could get the best score.
// -Ofast switches them on, and so does Intel's icpx by default (-fp-model=precise switches them
// off).
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0)
#error \
    "expunge: -ffast-math and -ffinite-math-only (-Ofast too) remove the tests for NaN and \
infinity, so a diverged model would get a good score. Compile without them; what is safe of them \
is -fno-math-errno -fno-trapping-math."
#endif

#include <cstddef>
#include <cstdint>

/// Marks a function that nvcc compiles for the host and for the device, and g++ for the host.
#if defined(__CUDACC__)
#define EXPUNGE_HD __host__ __device__
#else
#define EXPUNGE_HD
#endif

/// Before a template marked EXPUNGE_HD that is also used with types of the host alone, as Half:
/// nvcc does not complain of those uses.
#if defined(__CUDACC__)
#define EXPUNGE_HD_FOR_DEVICE_TYPES _Pragma("nv_exec_check_disable")
#else
#define EXPUNGE_HD_FOR_DEVICE_TYPES
#endif

/// Before a loop whose iterations touch different elements: the compiler may use vectors without
/// proving it.
#if defined(__clang__)
#define EXPUNGE_INDEPENDENT_ITERATIONS _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define EXPUNGE_INDEPENDENT_ITERATIONS _Pragma("GCC ivdep")
#else
#define EXPUNGE_INDEPENDENT_ITERATIONS
#endif

namespace expunge {

/// Every extent, stride and position. Signed, so that differences and loops downwards are safe.
using Index = std::ptrdiff_t;

/// The class of an example, 0 .. k - 1. Negative means "no label".
using Label = std::int32_t;

}  // namespace expunge
