# expunge::expunge, the interface target that users link, and the settings of our own programs.
add_library(expunge INTERFACE)
add_library(expunge::expunge ALIAS expunge)
target_compile_features(expunge INTERFACE cxx_std_20)
target_include_directories(expunge INTERFACE
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
  $<INSTALL_INTERFACE:include>)
target_include_directories(expunge SYSTEM INTERFACE $<BUILD_INTERFACE:${RANDOM123_INCLUDE_DIR}>)
target_link_libraries(expunge INTERFACE Eigen3::Eigen xtensor Threads::Threads)
if(ZLIB_FOUND)
  target_link_libraries(expunge INTERFACE ZLIB::ZLIB)
  target_compile_definitions(expunge INTERFACE EXPUNGE_HAS_ZLIB=1)
endif()

# What tests, examples and benchmarks are compiled with; never a requirement of users.
add_library(expunge_own_settings INTERFACE)
target_link_libraries(expunge_own_settings INTERFACE expunge)
set(warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes the undefined operands of its own AVX-512 intrinsics for mistakes of ours, and
  # "text" + std::string for overlapping copies (GCC bug 105651), or for copies beyond a short string.
  list(APPEND warnings -Wno-uninitialized -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds
    -Wno-stringop-overflow)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12)
    # Their kin, which follow what is inlined and so the processor: shown, but no reason to fail.
    list(APPEND warnings -Wno-error=stringop-overread -Wno-error=dangling-pointer
      -Wno-error=use-after-free -Wno-error=free-nonheap-object -Wno-error=nonnull)
  endif()
endif()
# nvcc takes no -march=native. What it compiles must not be linked with what is compiled for another processor:
# Eigen then has two kinds of memory.
set(expunge_native ${EXPUNGE_NATIVE})
if(EXPUNGE_CUDA STREQUAL "ON")
  set(expunge_native OFF)
endif()
target_compile_options(expunge_own_settings INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:${warnings}>"
  "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>"
  "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${expunge_native}>>:-march=native>"
  "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${EXPUNGE_WARNINGS_AS_ERRORS}>>:-Werror>"
  "$<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${EXPUNGE_WARNINGS_AS_ERRORS}>>:-Werror=all-warnings>")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

include(Fuzzing)
