// expunge fit: the library's numbers, blocks that do not change a byte, a killed run that goes on,
// and what is refused.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "cli/run.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/attribution/ridge.hpp"
#include "expunge/attribution/shared_starts.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/core/random.hpp"
#include "expunge/evaluation/lds.hpp"
#include "expunge/io/block_file.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;
namespace fs = std::filesystem;

namespace {

double normal(std::uint32_t which, Index i) {
  return random_normal(5, {Purpose::test, which}, static_cast<std::uint64_t>(i));
}

/// Outputs that a few examples explain, and noise.
struct FitProblem {
  SubsetMasks masks;
  Array<float, 2> outputs;

  FitProblem(Index models, Index examples, Index targets)
      : masks(fixed_size_subsets(3, models, examples, .5)),
        outputs(make_array<float>(models, targets)) {
    for (Index m = 0; m < models; ++m)
      for (Index t = 0; t < targets; ++t) {
        double y = normal(0, m * targets + t);
        for (Index k = 0; k < 5; ++k)
          if (masks.contains(m, (t * 7 + k * k * 11) % examples))
            y += 1 + .2 * normal(1, t * 5 + k);
        outputs.data()[m * targets + t] = static_cast<float>(y);
      }
  }
  void write(const Scratch& at) const {
    write_npy(at / "m.npy", to_bool(masks));
    write_npy(at / "y.npy", outputs);
  }
};

const std::vector<std::string> result_files{
    "effects", "intercept", "lambda", "validation_error", "lds", "kkt_residual", "non_zero"};

/// Whether two folders hold the same results to the byte.
bool same_results(const fs::path& a, const fs::path& b) {
  for (const std::string& name : result_files)
    if (report::read_text_file(a / (name + ".npy")) != report::read_text_file(b / (name + ".npy")))
      return false;
  return true;
}

/// The least --memory of a fit, with which it takes 64 targets at a time.
std::string least_memory(const Scratch& at) {
  const std::string said = run(at, "fit --masks m.npy --outputs y.npy --out f --memory 1").err;
  const std::size_t begin = said.find("at least ") + 9;
  return said.substr(begin, said.find(' ', begin) - begin);
}

Array<float, 2> effects_in(const fs::path& folder) {
  return read_npy<float, 2>(folder / "effects.npy");
}

}  // namespace

TEST_CASE("fit: the LASSO of the library on the same models, and LDS on the last tenth") {
  const Scratch at;
  const FitProblem problem(200, 40, 70);
  problem.write(at);
  const Ran ran = run(at, "fit --masks m.npy --outputs y.npy --out f --json f.json");
  CHECK(ran.status == 0);
  CHECK(contains(ran.out, "160 to fit, 20 to choose the penalty, 20 held out"));

  const Cpu<float> cpu(1);
  const Lasso lasso{{.fit_models = 160, .validation_models = 20}};
  const Effects<float> effects = lasso.fit(cpu, problem.masks, problem.outputs);
  CHECK(effects_in(at / "f") == effects.weights);
  CHECK(read_npy<float, 1>(at / "f/intercept.npy") == effects.intercept);
  CHECK(read_npy<float, 1>(at / "f/lambda.npy") == effects.lambda);
  CHECK(read_npy<float, 1>(at / "f/validation_error.npy") == effects.validation_error);
  CHECK(read_npy<float, 1>(at / "f/kkt_residual.npy") == effects.kkt_residual);

  const LdsResult score = lds(predict(cpu, effects, model_range(problem.masks, 180, 20)),
                              view(problem.outputs).row_range(180, 20));
  const report::Json results = json_of(at / "f.json")["results"];
  CHECK(results["lds"]["mean"].get<double>() == doctest::Approx(score.mean).epsilon(1e-6));
  CHECK(results["lds"]["interval"][0].get<double>() ==
        doctest::Approx(score.interval.low).epsilon(1e-6));
  CHECK(results["points"] == 70);
  CHECK(results["outputs"] == 1);
  CHECK(results["targets_not_converged"] == 0);
  CHECK(!fs::exists(at / "f/blocks"));
}

TEST_CASE("fit: ridge and difference of means use all models that are not held out") {
  const Scratch at;
  const FitProblem problem(100, 30, 10);
  problem.write(at);
  CHECK(run(at,
            "fit --masks m.npy --outputs y.npy --out r --estimator ridge --ridge-lambda .5 "
            "--hold-out .2")
            .status == 0);
  const Cpu<float> cpu(1);
  const SubsetMasks first = model_range(problem.masks, 0, 80);
  const auto y = view(problem.outputs).row_range(0, 80);
  CHECK(effects_in(at / "r") == Ridge{{.lambda = .5}}.fit(cpu, first, y).weights);
  CHECK(run(at,
            "fit --masks m.npy --outputs y.npy --out d --estimator difference-of-means "
            "--standard-errors 0 --hold-out .2")
            .status == 0);
  CHECK(effects_in(at / "d") ==
        DifferenceOfMeans{{.standard_errors = 0}}.fit(cpu, first, y).weights);
  CHECK(!fs::exists(at / "d/lambda.npy"));
}

TEST_CASE("fit: neither blocks nor threads change a byte") {
  const Scratch at;
  FitProblem(150, 60, 300).write(at);
  CHECK(run(at, "fit --masks m.npy --outputs y.npy --out a --threads 1").status == 0);
  CHECK(run(at, "fit --masks m.npy --outputs y.npy --out b --threads 2").status == 0);
  CHECK(run(at, "fit --masks m.npy --outputs y.npy --out c --memory " + least_memory(at)).status ==
        0);
  CHECK(same_results(at / "a", at / "b"));
  CHECK(same_results(at / "a", at / "c"));
}

TEST_CASE("fit: a killed run goes on where it was and ends with the same bytes") {
  const Scratch at;
  FitProblem(1200, 400, 640).write(at);
  const std::string line =
      "fit --masks m.npy --outputs y.npy --memory " + least_memory(at) + " --out ";
  CHECK(run(at, line + "whole").status == 0);
  int kills = 0;
  for (const char* seen :
       {"killed/blocks/penalties_128.safetensors", "killed/blocks/effects_64.safetensors"}) {
    const pid_t child = start(at, line + "killed");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!fs::exists(at / seen) && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    kills += ::kill(child, SIGKILL) == 0;
    wait_for(child);
    CHECK(fs::exists(at / seen));
    CHECK(!fs::exists(at / "killed/effects.npy"));
  }
  CHECK(kills == 2);
  // what is stored is taken, not made again: a number that no fit gives is found in the result
  const fs::path file = at / "killed/blocks/effects_64.safetensors";
  const Safetensors stored = Safetensors::map(file);
  const std::vector<Index> shape = stored.find("array")->shape;
  Array<float, 2> block = make_array<float>(shape[0], shape[1]);
  stored.read(*stored.find("array"), 0, shape[0] * shape[1], block.data());
  const float right = block(3, 2);
  block(3, 2) = 1234;
  write_block(file, {"effects_64", stored.metadata().at("key")}, block);
  const Ran ran = run(at, line + "killed");
  CHECK(ran.status == 0);
  Array<float, 2> effects = effects_in(at / "killed");
  CHECK(effects(3, 66) == 1234);
  effects(3, 66) = right;
  CHECK(effects == effects_in(at / "whole"));
  CHECK(!fs::exists(at / "killed/blocks"));

  const auto written = fs::last_write_time(at / "killed/effects.npy");
  CHECK(without_time(run(at, line + "killed").out) == without_time(ran.out));
  CHECK(fs::last_write_time(at / "killed/effects.npy") == written);  // nothing to do
  fs::remove(at / "killed/lds.npy");
  CHECK(run(at, line + "killed").status == 0);  // a result is gone: fitted again
  CHECK(same_results(at / "whole", at / "killed"));
}

TEST_CASE("fit: one run at a time holds a folder") {
  const Scratch at;
  FitProblem(1200, 400, 640).write(at);
  const std::string line = "fit --masks m.npy --outputs y.npy --out f";
  const pid_t child = start(at, line + " --memory " + least_memory(at));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!fs::exists(at / "f/blocks/penalties_0.safetensors") &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  CHECK(refused(run(at, line), 3, "another fit writes into this folder"));
  CHECK(wait_for(child) == 0);
}

TEST_CASE("fit: other settings or other files are another fit") {
  const Scratch at;
  FitProblem problem(100, 30, 5);
  problem.write(at);
  const std::string line = "fit --masks m.npy --outputs y.npy --out f";
  CHECK(run(at, line).status == 0);
  CHECK(run(at, line + " --estimator ridge --ridge-lambda 1.0000049").status == 0);
  CHECK(!fs::exists(at / "f/lambda.npy"));  // the LASSO's
  const Array<float, 2> ridge = effects_in(at / "f");
  CHECK(run(at, line + " --estimator ridge --ridge-lambda 0.99999951").status == 0);
  CHECK(effects_in(at / "f") != ridge);  // though six digits are the same
  problem.outputs(3, 2) += 1;
  write_npy(at / "y.npy", problem.outputs);
  const Array<float, 2> before = effects_in(at / "f");
  CHECK(run(at, line + " --estimator ridge --ridge-lambda 0.99999951").status == 0);
  CHECK(effects_in(at / "f") != before);

  Array<bool, 1> completed = make_array<bool>(Index{100});
  for (const std::size_t gone : {3, 77}) {
    completed.fill(true);
    completed(gone) = false;
    write_npy(at / "_completed.npy", completed);
    CHECK(run(at, line + " --estimator ridge").status == 0);
    fs::rename(at / "f", at / sentence("without_", gone));
    fs::create_directories(at / "f");
    for (const char* file :
         {"fit.key", "fit.json", "effects.npy", "intercept.npy", "lds.npy", "non_zero.npy"})
      fs::copy_file(at / (sentence("without_", gone, "/") + file), at / (std::string("f/") + file));
  }
  CHECK(effects_in(at / "without_3") != effects_in(at / "without_77"));
}

TEST_CASE("fit: the datamodels store, logits as targets, shared starts") {
  const Scratch at;
  const FitProblem problem(120, 20, 12);
  fs::create_directories(at / "store");
  write_npy(at / "store/masks.npy", to_bool(problem.masks));
  Array<float, 3> logits = make_array<float>(Index{120}, Index{4}, Index{3});
  std::copy(problem.outputs.begin(), problem.outputs.end(), logits.begin());
  write_npy(at / "store/margins.npy", logits);
  Array<bool, 1> completed = make_array<bool>(Index{120});
  completed.fill(true);
  completed(7) = false;
  write_npy(at / "store/_completed.npy", completed);
  const Ran ran = run(at, "fit --store store --out f --estimator ridge --hold-out 0");
  CHECK(ran.status == 0);
  CHECK(contains(ran.out, "119 models x 4 points x 3 classes, f4 (1 unfinished left out)"));
  CHECK(contains(ran.out, "No models were held out"));
  CHECK(json_of(at / "f/fit.json")["results"]["outputs"] == 3);

  SubsetMasks kept(119, 20);
  Array<float, 2> y = make_array<float>(Index{119}, Index{12});
  for (Index m = 0, to = 0; m < 120; ++m) {
    if (m == 7) continue;
    for (const Index i : problem.masks.members(m)) kept.insert(to, i);
    std::copy_n(problem.outputs.data() + m * 12, 12, y.data() + to * 12);
    ++to;
  }
  CHECK(effects_in(at / "f") == Ridge{}.fit(Cpu<float>(1), kept, y).weights);
  CHECK(refused(run(at, "fit --store store --out g --starts 10"), 3, "unfinished"));

  problem.write(at);
  CHECK(run(at,
            "fit --masks m.npy --outputs y.npy --out s --estimator ridge --hold-out 0 "
            "--starts 10")
            .status == 0);
  Array<float, 2> centred = problem.outputs;
  centre_by_start(view(centred), 10, 1);
  CHECK(effects_in(at / "s") == Ridge{}.fit(Cpu<float>(1), problem.masks, centred).weights);
}

TEST_CASE("fit: what cannot be fitted is refused with one sentence, and nothing is written") {
  const Scratch at;
  FitProblem problem(50, 20, 6);
  problem.write(at);
  const std::string line = "fit --masks m.npy --outputs y.npy --out f";
  CHECK(refused(run(at, "fit --out f"), 2, "--masks and --outputs"));
  CHECK(refused(run(at, "fit --masks m.npy --out f"), 2, "--masks and --outputs"));
  CHECK(refused(run(at, "fit --masks m.npy --outputs y.npy"), 2, "--out"));
  CHECK(refused(run(at, line + " --validate .5 --hold-out .6"), 2, "to fit beside"));
  CHECK(refused(run(at, line + " --memory 10K"), 2, "need"));
  CHECK(refused(run(at, line + " --memory much"), 2, "--memory"));
  CHECK(refused(run(at, line + " --device gpu"), 2, "--device"));
#ifndef EXPUNGE_WITH_CUDA
  CHECK(refused(run(at, line + " --device cuda"), 2, "built without CUDA"));
#endif
  CHECK(refused(run(at, line + " --estimator forest"), 2, "--estimator"));
  CHECK(refused(run(at, line + " --starts 40"), 2, "--starts 40"));
  CHECK(refused(run(at, "fit --masks y.npy --outputs y.npy --out f"), 3, "y.npy"));
  CHECK(refused(run(at, "fit --masks nowhere.npy --outputs y.npy --out f"), 3, "nowhere.npy"));
  write_npy(at / "few.npy", to_bool(model_range(problem.masks, 0, 40)));
  CHECK(refused(run(at, "fit --masks few.npy --outputs y.npy --out f"), 3, "40"));
  problem.outputs(31, 4) = std::nanf("");
  write_npy(at / "y.npy", problem.outputs);
  const Ran ran = run(at, line);
  CHECK(refused(ran, 3, "model 31 at target 4"));
  CHECK(!fs::exists(at / "f/effects.npy"));
  CHECK(!fs::exists(at / "f/fit.json"));
}
