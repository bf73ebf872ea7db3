// What the backend itself does. Few files, because nvcc takes half a minute for the headers of one.
#include "../factors.cpp"
#include "../gemm.cpp"
#include "../klom.cpp"
#include "../primitives.cpp"
#include "../recording.cpp"
