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
target_compile_options(expunge_own_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  # g++ 12 takes the undefined operands of its own AVX-512 intrinsics for mistakes of ours.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # g++ 12 takes "text" + std::string for overlapping copies (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${EXPUNGE_NATIVE}>:-march=native>
  $<$<BOOL:${EXPUNGE_WARNINGS_AS_ERRORS}>:-Werror>)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

include(Fuzzing)
