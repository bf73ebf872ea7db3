# EXPUNGE_PRECOMPILE: our programs read other people's headers from one precompiled header, which saves a third
# of a small compilation. Not expunge's own, but array.hpp, which finds xtensor: g++ instantiates what the inline
# functions of a precompiled header use in every program anew, needed or not. Off by default and in
# ./test --clang and --asan: a program that forgets an include must not compile there.
function(expunge_targets_below folder out)
  get_property(found DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(subfolder IN LISTS folders)
    expunge_targets_below(${subfolder} below)
    list(APPEND found ${below})
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# expunge_precompile(folder...): for all programs and libraries of these folders but those that test headers.
function(expunge_precompile)
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cpp "")
  add_library(expunge_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(expunge_precompiled PRIVATE expunge_own_settings)
  target_precompile_headers(expunge_precompiled PRIVATE
    <algorithm> <array> <bit> <chrono> <cmath> <concepts> <cstdint> <filesystem> <fstream> <functional> <limits>
    <map> <memory> <numeric> <optional> <random> <set> <span> <sstream> <string> <tuple> <utility> <vector>
    <Eigen/Core> <Eigen/Cholesky> <Eigen/Eigenvalues> <Eigen/SVD> <expunge/core/array.hpp>)
  foreach(folder IN LISTS ARGN)
    expunge_targets_below(${folder} targets)
    foreach(target IN LISTS targets)
      get_target_property(type ${target} TYPE)
      if(type MATCHES "EXECUTABLE|STATIC_LIBRARY" AND
          NOT target MATCHES "^(headers_alone|doctest_main|test_cuda_device)$")
        target_precompile_headers(${target} REUSE_FROM expunge_precompiled)
      endif()
    endforeach()
  endforeach()
endfunction()
