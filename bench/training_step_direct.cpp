// Case 6, the whole training step of ResNet-9 (training_step.hpp) without Winograd's algorithm: the
// direct convolution in every layer.
#include "expunge/backend/convolution.hpp"

namespace expunge::detail {

template <Index C, Index H, Index W, Index F, Index K, Index S, Index P>
inline constexpr bool by_winograd<ConvolutionExtents<C, H, W, F, K, S, P>> = false;
template <Index C, Index H, Index W, Index F, Index K, Index S, Index P>
inline constexpr bool slopes_by_winograd<ConvolutionExtents<C, H, W, F, K, S, P>> = false;

}  // namespace expunge::detail

#include "expunge/nn/resnet9.hpp"
#include "training_step.hpp"

int main(int argc, char** argv) {
  return bench::run_training_step<expunge::ResNet9<10>>("expunge_direct", argc, argv);
}
