// Must not compile with flags that let the compiler remove tests for NaN and infinity.
#include "expunge/core/check.hpp"

int main() {}
