// What is made of the backend. Few files, because nvcc takes half a minute for the headers of one.
#include "../attribution.cpp"
#include "../layers.cpp"
#include "../training.cpp"
#include "../unlearning.cpp"
