// Steps that are recorded once and launched as one graph.
#include <doctest/doctest.h>

#include "comparators.hpp"
#include "cuda/device_array.hpp"
#include "small_data.hpp"

using namespace expunge;

namespace {

struct AddOne {
  MatrixView<float> x;
  float by = 1;
  EXPUNGE_HD void operator()(Index m, Index, Index j) const { x(m, j) += by; }
};

/// How often the host went through a step, and what the device counted.
struct Counted {
  Index calls;
  float device;
};

template <class Extra>
Counted count(Index calls, const Extra& extra) {
  Cuda<float> gpu;
  Cuda<float>::Recording recording;
  const auto memory = gpu.allocate<float>(1);
  const MatrixView<float> x(memory.data(), 1, 1);
  Counted counted{0, 0};
  recording.restart(calls);
  for (Index i = 0; i < calls; ++i)
    repeat(gpu, recording, [&] {
      ++counted.calls;
      for_each_element(gpu, 1, 1, 1, AddOne{x});
      extra(gpu, x);
    });
  counted.device = host_copy(gpu, MatrixView<const float>(x))[0];
  return counted;
}

/// Labels, and how often it was asked.
struct CountingObjective : LabelObjective<CrossEntropy> {
  Index* calls;
  template <class B>
  void operator()(B& backend, const Minibatch<typename B::Real>& points) const {
    ++*calls;
    LabelObjective<CrossEntropy>::operator()(backend, points);
  }
};

}  // namespace

TEST_CASE("a step is recorded at its second call, if there are enough") {
  const auto nothing = [](auto&, auto) {};
  CHECK(count(20, nothing).calls == 2);
  CHECK(count(20, nothing).device == 20);
  CHECK(count(5, nothing).calls == 5);
  CHECK(count(5, nothing).device == 5);
}

TEST_CASE("products and copies within the device are recorded too") {
  Cuda<float> gpu;
  Cuda<float>::Recording recording;
  const DeviceArray<Cuda<float>, float> cells(gpu, {2, 0, 0}, 1, 3);
  const auto cell = [&](Index i) { return TensorView<float>(cells.view().data + i, 1, 1, 1); };
  recording.restart(10);
  float expected = 0;
  Index calls = 0;
  for (int i = 0; i < 10; ++i) {
    repeat(gpu, recording, [&] {
      ++calls;
      float keep = 0.5f;
      gemm(gpu, Op::none, Op::none, 1, cell(0), cell(0), keep, cell(1));
      keep = 7;  // the product has been queued with .5
      copy_rows(gpu, MatrixView<const float>(cell(1).flat()), cell(2).flat());
    });
    expected = 0.5f * expected + 4;
  }
  CHECK(cells.host() == std::vector<float>{2, expected, expected});
  CHECK(calls == 2);
}

TEST_CASE("a step that waits for the device, or allocates, is done anew each time") {
  const Counted waiting = count(20, [](auto& gpu, auto) { gpu.context().wait(); });
  CHECK(waiting.device == 20);
  CHECK(waiting.calls == 21);  // the attempt to record does nothing
  const Counted allocating = count(20, [](auto& gpu, auto) { gpu.template allocate<float>(100); });
  CHECK(allocating.device == 20);
  CHECK(allocating.calls == 21);
  Index growing = 0;  // scratch that is thrown away and made anew while recording
  CHECK(count(20, [&](auto& gpu, auto) { gpu.scratch(++growing); }).device == 20);
  auto old = std::make_unique<Cuda<float>::Buffer<float>>();  // freed while recording
  Index calls = 0;
  const Counted freeing = count(20, [&](auto& gpu, auto x) {
    if (++calls == 1) *old = gpu.template allocate<float>(1);
    if (calls == 2) old.reset();
    for_each_element(gpu, 1, 1, 1, AddOne{x});
  });
  CHECK(freeing.device == 40);
  CHECK(freeing.calls == 21);
  const Counted reading = count(20, [](auto& gpu, auto x) {
    const Cuda<float>::Buffer<float> memory = gpu.template allocate<float>(1);
    copy_rows(gpu, MatrixView<const float>(host_copy(gpu, MatrixView<const float>(x)).data(), 1, 1),
              MatrixView<float>(memory.data(), 1, 1));
  });
  CHECK(reading.device == 20);
}

TEST_CASE("a step that fails half way is never taken for a whole one") {
  Cuda<float> gpu;
  Cuda<float>::Recording recording;
  const auto memory = gpu.allocate<float>(1);
  const MatrixView<float> x(memory.data(), 1, 1);
  recording.restart(10);
  Index calls = 0;
  const auto step = [&] {
    repeat(gpu, recording, [&] {
      for_each_element(gpu, 1, 1, 1, AddOne{x});
      if (++calls == 2) throw cuda_error("now");  // in the recording alone
      for_each_element(gpu, 1, 1, 1, AddOne{x, 10});
    });
  };
  for (int i = 0; i < 10; ++i) step();
  CHECK(host_copy(gpu, MatrixView<const float>(x))[0] == 110);
  CHECK(calls == 11);
}

TEST_CASE("another step, and an error in one, leave nothing behind") {
  Cuda<float> gpu;
  Cuda<float>::Recording recording;
  const auto memory = gpu.allocate<float>(1);
  const MatrixView<float> x(memory.data(), 1, 1);
  const auto add = [&](float by, Index steps, bool twice) {
    recording.restart(steps);
    for (Index i = 0; i < steps; ++i)
      repeat(gpu, recording, [&] {
        for_each_element(gpu, 1, 1, 1, AddOne{x, by});
        if (twice) for_each_element(gpu, 1, 1, 1, AddOne{x, by});
      });
    return host_copy(gpu, MatrixView<const float>(x))[0];
  };
  CHECK(add(1, 10, false) == 10);
  CHECK(add(2, 10, false) == 30);   // the same kernels, other numbers
  CHECK(add(1, 10, true) == 50);    // other kernels
  CHECK(add(-1, 10, false) == 40);  // and back
  recording.restart(10);
  Index calls = 0;
  const auto fail = [&] { repeat(gpu, recording, [&] { require(++calls < 2, "no more"); }); };
  fail();
  CHECK_THROWS_WITH(fail(), "no more");
  CHECK(add(1, 10, false) == 50);
}

TEST_CASE("a step is recorded anew once memory is gone that it may use, as scratch that grew") {
  // The step writes to the backend's scratch. Between two calls, somebody else (an optimiser of a
  // user's) asks for more scratch, and a third one gets the memory that was freed.
  Cuda<float> gpu;
  Cuda<float>::Recording recording;
  const auto memory = gpu.allocate<float>(1);
  const MatrixView<float> x(memory.data(), 1, 1);
  std::vector<Cuda<float>::Buffer<float>> others;
  Index calls = 0;
  recording.restart(20);
  for (Index i = 0; i < 20; ++i) {
    repeat(gpu, recording, [&] {
      ++calls;
      const MatrixView<float> scratch(gpu.scratch(64), 1, 1);
      fill_zero(gpu, scratch);
      for_each_element(gpu, 1, 1, 1, AddOne{scratch});
      for_each_element(gpu, 1, 1, 1, AddOne{x});
    });
    if (i == 5) gpu.scratch(100000);
    others.push_back(gpu.allocate<float>(64));
  }
  for (const auto& other : others)
    CHECK(host_copy(gpu, MatrixView<const float>(other.data(), 1, 1))[0] == 0);
  CHECK(host_copy(gpu, MatrixView<const float>(x))[0] == 20);
  CHECK(calls == 3);  // done, recorded, and recorded anew
}

namespace {

struct Steps {
  Index calls = 0;  // of the step, which adds one to a number
  float sum = 0;    // that number
};

/// Twenty steps of one recording; around(gpu, step) does each.
template <class Around>
Steps twenty_steps(const Around& around) {
  Steps steps;
  Cuda<float> gpu;
  Cuda<float>::Recording recording;
  const auto memory = gpu.allocate<float>(1);
  const MatrixView<float> x(memory.data(), 1, 1);
  recording.restart(20);
  for (Index i = 0; i < 20; ++i)
    around(gpu, [&] {
      repeat(gpu, recording, [&] {
        ++steps.calls;
        for_each_element(gpu, 1, 1, 1, AddOne{x});
      });
    });
  steps.sum = host_copy(gpu, MatrixView<const float>(x))[0];
  return steps;
}

}  // namespace

TEST_CASE("memory that is younger than the recording may come and go") {
  const Steps steps = twenty_steps([](Cuda<float>& gpu, const auto& step) {
    step();
    gpu.allocate<float>(100);  // and freed at once
  });
  CHECK(steps.sum == 20);
  CHECK(steps.calls == 2);
}

TEST_CASE("a step whose memory goes away again and again is done without a graph") {
  const Steps steps = twenty_steps([](Cuda<float>& gpu, const auto& step) {
    const auto around = gpu.allocate<float>(100);  // there when the step is recorded
    step();
  });
  CHECK(steps.sum == 20);
  CHECK(steps.calls == 20);  // one done, three recorded, the rest done
}

TEST_CASE("training records one step a pass, and gives the CPU's weights") {
  using Model =
      Sequential<Linear<6, 9>, Relu<9>, Dropout<Shape<9>, std::ratio<1, 4>>, Linear<9, 3>>;
  const Dataset data = clouds(60, 6, 3);
  std::vector<Index> some;
  for (Index i = 0; i < 50; ++i) some.push_back((7 * i) % 60);
  const auto run = [&](auto&& backend, Index& calls) {
    auto models = initialise<Model, double>(1, 3);
    const DescentReport report =
        descend(backend, {.learning_rate = 0.05, .epochs = 3}, data,
                CountingObjective{{some, data, {}, 4}, &calls}, Adam{}, CosineRate{}, models);
    CHECK(report.diverged() == 0);
    return std::pair(std::move(models), report.losses);
  };
  Index steps = 0, recorded = 0;
  const auto [expected, losses] = run(Cpu<double>(1), steps);
  const auto [models, gpu_losses] = run(Cuda<double>(), recorded);
  CHECK(steps == 3 * 3 * 13);  // members, epochs, batches
  CHECK(recorded == 3 * 3);    // epochs; the first batch, the recording, and the last, smaller one
  CHECK(relative_difference(models.theta, expected.theta) <= 1e-10);
  CHECK(same_bytes(models.stats, expected.stats));  // the states of dropout
  for (std::size_t m = 0; m < 3; ++m)
    CHECK(gpu_losses[m] == doctest::Approx(losses[m]).epsilon(1e-10));
}
