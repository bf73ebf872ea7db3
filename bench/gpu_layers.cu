// Bytes and operations of every layer of ResNet-9 on a GPU, and of what a step has besides, against
// what the machine reaches.
//
//   bench_gpu_layers [--members M] [--batch N]
//
// Bytes are the least that must move, with float32 in memory: inputs, weights and outputs once, and
// gradients of each. Operations are those of the products, by the plain formula. A share is of the
// rate of copies of 1 GiB, or of products of 8192 x 8192 with the same rounding; the larger one
// says what the layer is bound by, and the closer to 100 it is the less there is to gain. Times are
// by events.
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "gpu_ceilings.cuh"

namespace {

using namespace expunge;
using Network = detail::ResNet9Layers<10, 64, Shape<3, 32, 32>>;

struct Ceilings {
  double bytes, operations;  // per second
};

template <class Math>
class Table {
  using B = Cuda<float, Math>;

 public:
  Table(Index members, Index batch, Index copied, Index side)
      : members_(members),
        batch_(batch),
        ceilings_{bench::copy_rate(gpu_, copied), bench::product_rate(gpu_, side)} {
    std::printf("%td members, batch %td, %s\n%-22s %-8s %9s %8s %6s %9s %6s\n", members, batch,
                bench::math_name<Math>, "", "", "us", "GB/s", "%", "TFLOP/s", "%");
  }

  /// `products`: operations of a forward pass over one row.
  template <class L>
  void layer(const char* name, double products = 0) {
    const auto x = memory(batch_ * L::Input::size), y = memory(batch_ * L::Output::size);
    const auto dx = memory(batch_ * L::Input::size), dy = memory(batch_ * L::Output::size);
    const auto cache = memory(batch_ * std::max<Index>(L::cache, 1));
    const auto theta = memory(L::parameters), dtheta = memory(L::parameters);
    const auto stats = memory(L::statistics);
    const WeightsOn<B> weights{rows(theta, L::parameters), rows(stats, L::statistics)};
    const Tensor<B> saved = examples(cache, L::cache);
    const auto in = static_cast<double>(batch_ * L::Input::size);
    const auto out = static_cast<double>(batch_ * L::Output::size);
    const auto work = products * static_cast<double>(batch_);
    line(name, "forward", work, in + out + L::parameters, [&] {
      L::forward(gpu_, weights, examples(x, L::Input::size), examples(y, L::Output::size), saved,
                 Mode::train);
    });
    line(name, "backward", 2 * work, 2 * in + out + 2 * L::parameters, [&] {
      L::backward(gpu_, weights, examples(x, L::Input::size), examples(y, L::Output::size), saved,
                  examples(dy, L::Output::size), examples(dx, L::Input::size),
                  rows(dtheta, L::parameters));
    });
  }

  /// Two products of its outputs' positions with the filters for every row.
  template <class L>
  void convolution(const char* name) {
    const double positions = L::Extents::out_height * L::Extents::out_width;
    layer<L>(name, 2.0 * L::filters * positions);
  }

  /// What a step does besides its layers.
  void rest_of_step() {
    constexpr Index parameters = Network::Model::parameters, examples_there = 4096;
    using Image = Network::Model::Input;
    const auto images = bench::random_numbers(gpu_, examples_there * Image::size);
    const auto out = memory(batch_ * Image::size);
    std::vector<Index> ids(static_cast<std::size_t>(members_ * batch_));
    for (std::size_t i = 0; i < ids.size(); ++i)
      ids[i] = static_cast<Index>(37 * i % examples_there);
    const auto there = resident(gpu_, MatrixView<const Index>(ids.data(), members_, batch_));
    const MatrixView<const float> source(images.data(), examples_there, Image::size);
    const MatrixView<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(images.data()),
                                               examples_there, Image::size);
    const auto table = bench::random_numbers(gpu_, 3 * 256);
    const auto gather = [&](const char* name, const InputsView& inputs, double floats_read) {
      const double floats = (1 + floats_read) * static_cast<double>(batch_ * Image::size);
      line(name, "", 0, floats, [&] {
        augment_rows<Image>(gpu_, {{.flip = true, .crop = 4}, 1, 0, 0, 0}, inputs,
                            MatrixView<const Index>(there), examples(out, Image::size));
      });
    };
    gather("gather floats, augment", source, 1);
    gather("gather bytes, augment", {bytes, MatrixView<const float>(table.data(), 3, 256)}, .25);
    const auto theta = memory(parameters), gradient = memory(parameters), slot = memory(parameters);
    const Matrix<B> velocity = rows(slot, parameters);
    line("SGD", "", 0, 5.0 * parameters, [&] {
      Sgd{}.step(gpu_, rows(theta, parameters), rows(gradient, parameters), &velocity, 1e-6, 0);
    });
  }

 private:
  using Buffer = typename B::template Buffer<float>;

  Buffer memory(Index per_member) { return bench::random_numbers(gpu_, members_ * per_member); }
  Matrix<B> rows(const Buffer& memory, Index n) const { return {memory.data(), members_, n}; }
  Tensor<B> examples(const Buffer& memory, Index n) const {
    return {memory.data(), members_, batch_, n};
  }

  /// `operations` and `floats`: of one member.
  template <class Work>
  void line(const char* name, const char* pass, double operations, double floats, Work&& work) {
    const double seconds = bench::device_seconds(gpu_, 10, work);
    const double members = static_cast<double>(members_);
    const double bytes = members * 4 * floats / seconds, rate = members * operations / seconds;
    std::printf("%-22s %-8s %9.1f %8.0f %6.1f %9.1f %6.1f\n", name, pass, 1e6 * seconds,
                bytes / 1e9, 100 * bytes / ceilings_.bytes, rate / 1e12,
                100 * rate / ceilings_.operations);
    std::fflush(stdout);
  }

  B gpu_;
  Index members_, batch_;
  Ceilings ceilings_;
};

template <class ConvolutionBlock>
struct LayersOf;
template <class Convolution, class Norm, class Activation>
struct LayersOf<Block<Convolution, Norm, Activation>> {
  template <class Math>
  static void measure(Table<Math>& table, const std::string& name) {
    table.template convolution<Convolution>((name + " convolution").c_str());
    table.template layer<Norm>((name + " batch norm").c_str());
    table.template layer<Activation>((name + " ReLU").c_str());
  }
};

template <class Math>
void measure(Index members, Index batch, Index copied, Index side) {
  Table<Math> table(members, batch, copied, side);
  LayersOf<Network::Stem>::measure(table, "stem");
  LayersOf<Network::Down>::measure(table, "down");
  LayersOf<Network::Same>::measure(table, "same");
  LayersOf<Network::Wide>::measure(table, "wide");
  table.template layer<Network::Pool>("pool");
  LayersOf<Network::WideSame>::measure(table, "wide same");
  LayersOf<Network::Last>::measure(table, "last");
  table.template layer<GlobalMaxPool<Network::Last::Output>>("global pool");
  table.template layer<LinearWithoutBias<128, 10>>("linear", 2.0 * 128 * 10);
  table.rest_of_step();
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) try {
  Index members = 8, batch = 256, copied = Index{1} << 28, side = 8192;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--members")) members = std::atol(argv[i + 1]);
    if (!std::strcmp(argv[i], "--batch")) batch = std::atol(argv[i + 1]);
  }
  require(members >= 1 && batch >= 2, "bench_gpu_layers: --members must be at least 1, --batch 2");
  measure<Ieee>(members, batch, copied, side);
  measure<Tf32>(members, batch, copied, side);
  measure<Bf16>(members, batch, copied, side);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_gpu_layers: " << error.what() << "\n";
  return 1;
}
