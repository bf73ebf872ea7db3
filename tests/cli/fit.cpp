// expunge fit: the library's numbers, blocks that do not change a byte, a killed run that goes on,
// and what is refused.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <zip.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "cli/run.hpp"
#include "comparators.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/attribution/ridge.hpp"
#include "expunge/attribution/shared_starts.hpp"
#include "expunge/backend/cpu.hpp"
#include "expunge/core/random.hpp"
#include "expunge/evaluation/lds.hpp"
#include "expunge/io/block_file.hpp"
#include "expunge/io/npy.hpp"
#include "io/special_files.hpp"

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

/// An archive of files under other names.
void write_archive(const fs::path& path,
                   const std::vector<std::pair<std::string, fs::path>>& members) {
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  REQUIRE(archive != nullptr);
  for (const auto& [name, file] : members) {
    zip_source_t* source = zip_source_file(archive, file.c_str(), 0, 0);
    REQUIRE(zip_file_add(archive, name.c_str(), source, ZIP_FL_OVERWRITE) >= 0);
  }
  REQUIRE(zip_close(archive) == 0);
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
  CHECK(read_npy<double, 1>(at / "f/intercept.npy") == effects.intercept);
  CHECK(read_npy<float, 1>(at / "f/lambda.npy") == effects.lambda);
  CHECK(read_npy<double, 1>(at / "f/validation_error.npy") == effects.validation_error);
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

TEST_CASE("fit: damaged blocks are found, named and made again, and the bytes are the same") {
  const Scratch at;
  FitProblem(1200, 400, 640).write(at);
  const std::string line =
      "fit --masks m.npy --outputs y.npy --memory " + least_memory(at) + " --out ";
  CHECK(run(at, line + "whole").status == 0);
  const fs::path blocks = at / "part/blocks";
  const pid_t child = start(at, line + "part");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!fs::exists(blocks / "figures_64.safetensors") &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  CHECK(::kill(child, SIGKILL) == 0);
  wait_for(child);

  const fs::path cut = blocks / "penalties_0.safetensors",
                 changed = blocks / "effects_0.safetensors",
                 empty = blocks / "figures_64.safetensors";
  fs::resize_file(cut, fs::file_size(cut) - 100);
  std::string bytes = report::read_text_file(changed);
  bytes[bytes.size() - 2000] ^= 1;  // the last bit of a number
  report::write_text_file(changed, bytes);
  fs::resize_file(empty, 0);
  const Ran ran = run(at, line + "part --json f.json");
  CHECK(ran.status == 0);
  CHECK(contains(ran.out, "3 stored blocks were damaged and made again: "));
  CHECK(contains(ran.out, "penalties_0.safetensors: "));
  CHECK(json_of(at / "f.json")["results"]["damaged_blocks"].size() == 3);
  CHECK(same_results(at / "whole", at / "part"));
  const Ran again = run(at, line + "part --json f.json");
  CHECK(!contains(again.out, "damaged"));
  CHECK(json_of(at / "f.json")["results"]["damaged_blocks"].empty());
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

TEST_CASE("fit: another array of the same archive is another fit, of outputs and of masks") {
  const Scratch at;
  FitProblem problem(60, 12, 5);
  problem.write(at);
  fs::rename(at / "m.npy", at / "m0.npy");
  fs::rename(at / "y.npy", at / "y0.npy");
  for (float& y : problem.outputs) y = -2 * y;
  problem.masks = fixed_size_subsets(4, 60, 12, .5);
  problem.write(at);
  write_archive(at / "x.npz", {{"a.npy", at / "y0.npy"}, {"b.npy", at / "y.npy"}});
  write_archive(at / "mm.npz", {{"a.npy", at / "m0.npy"}, {"b.npy", at / "m.npy"}});
  const auto effects = [&](const std::string& masks, const std::string& outputs,
                           const std::string& out) {
    const Ran ran = run(
        at, "fit --estimator ridge --masks " + masks + " --outputs " + outputs + " --out " + out);
    REQUIRE_MESSAGE(ran.status == 0, ran.err);
    return effects_in(at / out);
  };
  for (const std::string masks : {"a", "b"})
    for (const std::string outputs : {"a", "b"}) {
      const std::string of = masks == "a" ? "m0.npy" : "m.npy";
      const std::string from = outputs == "a" ? "y0.npy" : "y.npy";
      CHECK(effects("mm.npz:" + masks, "x.npz:" + outputs, "o") ==
            effects(of, from, "plain_" + masks + outputs));
    }
}

TEST_CASE("fit: a second fit of the same folder is no overwriting of an input, whatever its name") {
  const Scratch at;
  const FitProblem problem(60, 12, 5);
  problem.write(at);
  fs::create_directories(at / "st");
  write_npy(at / "st/masks.npy", to_bool(problem.masks));
  write_npy(at / "st/margins.npy", problem.outputs);
  for (const std::string line : {"fit --masks m.npy --outputs y.npy --estimator ridge --out ridge",
                                 "fit --store st --estimator ridge --out st"})
    for (int twice = 0; twice < 2; ++twice) {
      const Ran ran = run(at, line);
      CHECK_MESSAGE(ran.status == 0, ran.err);
    }
  CHECK(effects_in(at / "st") == effects_in(at / "ridge"));
  CHECK(refused(run(at, "fit --store st --out f --json st/margins.npy"), 2, "--store reads"));
}

TEST_CASE("fit: a pipe is refused at the start, since a stopped fit reads its files again") {
  const Scratch at;
  FitProblem(60, 12, 5).write(at);
  REQUIRE(::mkfifo((at / "pipe").c_str(), 0600) == 0);
  const FifoWriter writer(at / "pipe", read_bytes(at / "y.npy", 1 << 20));  // else a read hangs
  const std::string why = "pipe: this is a pipe or a device";
  CHECK(refused(run(at, "fit --masks m.npy --outputs pipe --out f"), 3, why));
  CHECK(refused(run(at, "fit --masks pipe --outputs y.npy --out f"), 3, why));
  CHECK(!fs::exists(at / "f"));
}

TEST_CASE("fit: a pipe in a folder of outputs is refused, and nobody waits for it") {
  const Scratch at;
  FitProblem(60, 12, 5).write(at);
  fs::create_directory(at / "runs");
  fs::copy(at / "y.npy", at / "runs/0.npy");
  REQUIRE(::mkfifo((at / "runs/1.npy").c_str(), 0600) == 0);
  // so that a read does not hang
  const FifoWriter writer(at / "runs/1.npy", read_bytes(at / "y.npy", 1 << 20));
  const Ran ran = run(at, "fit --masks m.npy --outputs runs --out f");
  CHECK(refused(ran, 3, "1.npy: this is a pipe, and"));
  CHECK(!fs::exists(at / "f"));
  fs::copy(at / "m.npy", at / "runs/masks.npy");
  const Ran inspected = run(at, "inspect runs");
  CHECK(inspected.status == 0);
  CHECK(contains(inspected.out, "no file: a pipe or a device"));
}

TEST_CASE("fit: a folder of blocks that cannot be made or locked is named with the reason") {
  const Scratch at;
  FitProblem(60, 12, 5).write(at);
  const std::string line = "fit --masks m.npy --outputs y.npy --out ";
  fs::create_directories(at / "f/blocks/lock");
  CHECK(refused(run(at, line + "f"), 3, "f/blocks/lock: cannot be opened: Is a directory"));
  fs::create_directories(at / "g");
  report::write_text_file(at / "g/blocks", "text");
  const Ran ran = run(at, line + "g");
  CHECK(refused(ran, 3, "the folder g/blocks cannot be made ("));
  CHECK(!contains(ran.err, "stage"));
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
  CHECK(contains(ran.out, "119 models x 4 points x 3 classes, f4 (1 unfinished left out, as "));
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
  Array<double, 2> centred = problem.outputs;  // the command reads in double
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

TEST_CASE("fit: a large mean changes neither effects nor LDS, and intercepts hold it") {
  const Scratch at;
  const FitProblem problem(200, 30, 20);
  problem.write(at);
  Array<double, 2> moved = make_array<double>(Index{200}, Index{20});
  for (const double centre : {1e7, -3e8}) {
    for (std::size_t i = 0; i < moved.size(); ++i)
      moved.data()[i] = static_cast<double>(problem.outputs.data()[i]) + centre;
    write_npy(at / "far.npy", moved);
    for (const char* estimator : {"lasso", "ridge", "difference-of-means"}) {
      CAPTURE(centre);
      CAPTURE(estimator);
      const std::string more = std::string(" --estimator ") + estimator;
      CHECK(run(at, "fit --masks m.npy --outputs y.npy --out near" + more).status == 0);
      CHECK(run(at, "fit --masks m.npy --outputs far.npy --out far" + more).status == 0);
      const auto results = [&](const char* folder) {
        return json_of(at / folder / "fit.json")["results"];
      };
      const double close_lds = std::abs(results("near")["lds"]["mean"].get<double>() -
                                        results("far")["lds"]["mean"].get<double>());
      CHECK(results("near")["lds"]["mean"].get<double>() > 0.5);
      CHECK(close_lds < 1e-3);
      CHECK(relative_difference(effects_in(at / "far"), effects_in(at / "near")) < 1e-5);
      CHECK(run(at,
                "lds --scores far/effects.npy --masks m.npy --outputs far.npy "
                "--first-model 180 --json lds.json")
                .status == 0);
      CHECK(std::abs(json_of(at / "lds.json")["results"]["mean"].get<double>() -
                     results("near")["lds"]["mean"].get<double>()) < 1e-3);
      Array<double, 1> intercept = read_npy<double, 1>(at / "far/intercept.npy");
      intercept -= centre;
      CHECK(relative_difference(intercept, read_npy<double, 1>(at / "near/intercept.npy")) < 1e-5);
    }
  }
}

TEST_CASE("fit: a model that ran away is named with its target, in the text and the JSON") {
  const Scratch at;
  FitProblem problem(200, 20, 6);
  problem.outputs(131, 4) = 1e6F;
  problem.write(at);
  for (const char* estimator : {"lasso", "ridge", "difference-of-means"}) {
    const Ran ran = run(at, std::string("fit --masks m.npy --outputs y.npy --out f --json f.json") +
                                " --estimator " + estimator);
    CHECK(ran.status == 0);
    CHECK(contains(ran.out,
                   "! 1 of 200 models ran away at 1 of 6 targets: model 131 gives 1e+06 "
                   "at target 4"));
    const report::Json results = json_of(at / "f.json")["results"];
    CHECK(results["runaway_targets"] == 1);
    CHECK(results["runaway_models"] == report::Json::array({131}));
    CHECK(results["worst_runaway"]["target"] == 4);
  }
}

TEST_CASE("fit: models that say nothing or saw nothing are counted") {
  const Scratch at;
  FitProblem problem(120, 20, 70);
  for (const Index m : {7, 90}) std::fill_n(&problem.outputs(m, 0), 70, 0.0F);
  for (Index i = 0; i < 20; ++i) problem.masks.erase(33, i);
  problem.write(at);
  const Ran ran = run(at, "fit --masks m.npy --outputs y.npy --out f --json f.json");
  CHECK(contains(ran.out, "2 of 120 models say 0 at every target (the first is model 7)"));
  CHECK(contains(ran.out, "1 of 120 models saw no example by their masks (model 33)"));
  CHECK(json_of(at / "f.json")["results"]["models_without_outputs"] ==
        report::Json::array({7, 90}));
  FitProblem(120, 20, 70).write(at);
  const Ran good = run(at, "fit --masks m.npy --outputs y.npy --out f");
  CHECK(!contains(good.out, "not done"));
}

namespace {

/// Each example raises its own output by 1.
FitProblem own_problem(Index models, Index examples, double noise) {
  FitProblem problem(models, examples, examples);
  for (Index m = 0; m < models; ++m)
    for (Index t = 0; t < examples; ++t)
      problem.outputs(m, t) =
          static_cast<float>((problem.masks.contains(m, t) ? 1 : 0) + 0.3 * static_cast<double>(t) +
                             noise * normal(7, m * examples + t));
  return problem;
}

Array<bool, 2> inverted(Array<bool, 2> masks) {
  for (auto& seen : masks) seen = !seen;
  return masks;
}

template <class T>
Array<T, 2> turned(const Array<T, 2>& a) {
  Array<T, 2> result = make_array<T>(a.shape()[1], a.shape()[0]);
  for (std::size_t i = 0; i < a.shape()[0]; ++i)
    for (std::size_t j = 0; j < a.shape()[1]; ++j) result(j, i) = a(i, j);
  return result;
}

}  // namespace

TEST_CASE("fit: masks that are inverted or turned round, and outputs that are, are asked about") {
  const Scratch at;
  const FitProblem problem = own_problem(200, 30, 0.5);
  const auto said = [&](const Array<bool, 2>& masks, const Array<float, 2>& outputs) {
    write_npy(at / "m.npy", masks);
    write_npy(at / "y.npy", outputs);
    const Ran ran = run(at,
                        "fit --masks m.npy --outputs y.npy --out f --estimator "
                        "difference-of-means");
    CHECK(ran.status == 0);
    return ran.out;
  };
  const Array<bool, 2> masks = to_bool(problem.masks);
  CHECK(!contains(said(masks, problem.outputs), "1 = seen"));
  CHECK(contains(
      said(inverted(masks), problem.outputs),
      "Examples lower their own outputs (30 effects of an example on the target of its own"));
  CHECK(contains(said(to_bool(fixed_size_subsets(3, 200, 30, 1. / 30)), problem.outputs),
                 "The mean model saw 3.3 % of the examples"));

  // Bernoulli subsets: whoever sees more says more, whichever points the targets are
  const SubsetMasks bernoulli = bernoulli_subsets(3, 200, 30, 0.5);
  Array<float, 2> more = make_array<float>(Index{200}, Index{12});
  for (Index m = 0; m < 200; ++m)
    for (Index t = 0; t < 12; ++t)
      more(m, t) = static_cast<float>(bernoulli.members(m).size()) / 10 +
                   static_cast<float>(0.2 * normal(8, 12 * m + t));
  CHECK(!contains(said(to_bool(bernoulli), more), "smaller outputs"));
  CHECK(contains(said(inverted(to_bool(bernoulli)), more),
                 "Models that saw more examples have smaller outputs (correlation -"));

  // turned round, both, where points are training examples: the shapes agree
  const FitProblem square = own_problem(60, 30, 0.5);
  const Array<bool, 2> own_masks = to_bool(square.masks);
  const std::string both = said(turned(own_masks), turned(square.outputs));
  CHECK(contains(both, "Every example was seen by exactly 15 models, while models saw "));
  CHECK(contains(both, "The outputs differ more between rows than between columns"));
  CHECK(!contains(said(own_masks, square.outputs), "turned round"));
  write_npy(at / "m.npy", turned(own_masks));
  CHECK(refused(run(at, "fit --masks m.npy --outputs y.npy --out g"), 3,
                "the masks look turned round, [models][examples] is read"));
}
