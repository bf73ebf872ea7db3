// A backend of integers.
#include "expunge/backend/cpu.hpp"

#ifdef EXPUNGE_CORRECT
expunge::Cpu<float> backend;
#else
expunge::Cpu<int> backend;
#endif
