# expunge_add_cuda(TARGET): an interface target that makes a .cu file able to include
# expunge/expunge_cuda.cuh. Needs find_package(CUDAToolkit) and the target expunge::expunge.
function(expunge_add_cuda target)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_link_libraries(${target} INTERFACE expunge::expunge CUDA::cudart CUDA::cublas)
  target_compile_definitions(${target} INTERFACE EIGEN_NO_CUDA)  # Eigen computes on the host alone
  # CMake before 3.25.2 does not know the C++20 of nvcc; later ones follow a standard that the target sets.
  set(has_standard "$<AND:$<VERSION_GREATER_EQUAL:${CMAKE_VERSION},3.25.2>,$<BOOL:$<TARGET_PROPERTY:CUDA_STANDARD>>>")
  target_compile_options(${target} INTERFACE
    "$<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr>"
    "$<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<NOT:${has_standard}>>:-std=c++20>")
endfunction()
