// DM-Direct on an attribution that predicts nothing.
#include "expunge/unlearning/dm_direct.hpp"

using namespace expunge;

struct Scores {
#ifdef EXPUNGE_CORRECT
  Array<float, 2> predicted_change(const std::vector<Index>&) const {
    return make_array<float>(5, 1);
  }
#else
  Array<float, 2> scores() const {
    return make_array<float>(5, 1);
  }
#endif
};

void run(const Scores& scores) {
  DmDirect<Scores>{scores}.validate();
}
