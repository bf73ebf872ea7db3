# Fuzz targets: programs around LLVMFuzzerTestOneInput, built with clang's libFuzzer (./test --fuzz).
option(EXPUNGE_BUILD_FUZZERS "Build the fuzz targets; needs clang" OFF)
if(EXPUNGE_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "EXPUNGE_BUILD_FUZZERS needs clang++ (libFuzzer), not ${CMAKE_CXX_COMPILER}")
  endif()
  add_custom_target(fuzzers)
endif()

# expunge_sanitize_for_fuzzing(TARGET KIND): KIND fuzzer, or fuzzer-no-link for a library. The first error ends
# the program.
function(expunge_sanitize_for_fuzzing target kind)
  target_compile_options(${target} PRIVATE -g1 -fsanitize=${kind},address,undefined
    -fno-sanitize-recover=all)
endfunction()

# expunge_add_fuzzer(NAME source...): the program fuzz_NAME.
function(expunge_add_fuzzer name)
  add_executable(fuzz_${name} ${ARGN})
  target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(fuzz_${name} PRIVATE expunge_own_settings)
  expunge_sanitize_for_fuzzing(fuzz_${name} fuzzer)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined)
  add_dependencies(fuzzers fuzz_${name})
endfunction()
