// A vector of numbers is no matrix: it has no rows.
#include <vector>

#include "expunge/core/array.hpp"

template <expunge::MatrixLike A>
expunge::Index rows(const A& a) {
  return expunge::view(a).rows;
}

#ifdef EXPUNGE_CORRECT
expunge::Index count(const expunge::Array<float, 2>& margins) {
  return rows(margins);
}
#else
expunge::Index count(const std::vector<float>& margins) {
  return rows(margins);
}
#endif
