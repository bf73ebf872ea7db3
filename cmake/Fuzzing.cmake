# Fuzz targets: programs around LLVMFuzzerTestOneInput, built with clang's libFuzzer (./test --fuzz).
option(EXPUNGE_BUILD_FUZZERS "Build the fuzz targets; needs clang" OFF)
if(EXPUNGE_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "EXPUNGE_BUILD_FUZZERS needs clang++ (libFuzzer), not ${CMAKE_CXX_COMPILER}")
  endif()
  add_custom_target(fuzzers)
endif()

# expunge_add_fuzzer(NAME source...): the program fuzz_NAME, if fuzz targets are built at all.
function(expunge_add_fuzzer name)
  if(EXPUNGE_BUILD_FUZZERS)
    add_executable(fuzz_${name} ${ARGN})
    target_link_libraries(fuzz_${name} PRIVATE expunge_own_settings)
    target_compile_options(fuzz_${name} PRIVATE -g1 -fsanitize=fuzzer,address,undefined)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined)
    add_dependencies(fuzzers fuzz_${name})
  endif()
endfunction()
