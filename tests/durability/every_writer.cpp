// Writes one file with each writer of the library and of the command, in two versions: what the
// scripts beside this file kill, starve of room and forbid.
//
//   every_writer write FOLDER VERSION    version 1 or 2 of all files
//   every_writer forever FOLDER          version 1, 2, 1, 2, ... until somebody stops it
//   every_writer try FOLDER VERSION      every writer though others fail: "NAME: written" or
//                                        "NAME: the sentence of the error"
//   every_writer inputs FOLDER           small inputs of the command: masks, outputs, ...
#include <csignal>
#include <filesystem>
#include <functional>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "cli/npz.hpp"
#include "expunge/core/random.hpp"
#include "expunge/data/subset_masks.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/io/safetensors.hpp"
#include "expunge/io/stage_store.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/report/html.hpp"
#include "expunge/report/table_text.hpp"
#include "expunge/train/checkpoint.hpp"
#include "quickstart/results_json.hpp"
#include "report/example_results.hpp"

namespace {

using namespace expunge;
namespace fs = std::filesystem;
using Model = Mlp<20, 40, 10>;

/// What one writer writes: its file in the folder, and how. A version changes every number.
struct Writer {
  std::string file;
  std::function<void(const fs::path& path, int version)> write;
};

double number(int version, std::uint64_t i) {
  return random_normal(11, {Purpose::test, static_cast<std::uint32_t>(version)}, i);
}

template <class T>
Array<T, 2> numbers(int version, Index rows, Index columns) {
  Array<T, 2> array = make_array<T>(rows, columns);
  for (std::size_t i = 0; i < array.size(); ++i)
    array.data()[i] = static_cast<T>(number(version, i));
  return array;
}

Ensemble<Model, float> ensemble(int version) {
  return initialise<Model, float>(static_cast<std::uint64_t>(version), 60);
}

report::Results results(int version) {
  report::Results made = example::results();
  made.title = sentence("Version ", version);
  for (report::ForgetSetResult& set : made.forget_sets)
    for (report::Row& row : set.rows) row.scores.forget.forward.mean += version;
  return made;
}

report::Figure picture(int version) {
  std::string marks;
  for (int i = 0; i < 4000; ++i) marks += sentence("<path d=\"M", i, " ", i * version, "\"/>\n");
  return {"picture", "A picture", "Of many marks.", "<svg>\n" + marks + "</svg>\n"};
}

void write_stream(const fs::path& path, int version) {
  AtomicFile file(path);
  for (int i = 0; i < 20000; ++i) file.write(sentence(number(version, 3), " row ", i, "\n"));
  file.commit();
}

std::vector<Writer> writers() {
  return {
      {"stream.txt", write_stream},
      {"text.txt",
       [](const fs::path& path, int version) {
         report::write_text_file(path, report::text_table(results(version)));
       }},
      {"array.npy", [](const fs::path& path,
                       int version) { write_npy(path, numbers<float>(version, 300, 500)); }},
      {"half.npy", [](const fs::path& path,
                      int version) { write_npy(path, numbers<Half>(version, 300, 500)); }},
      {"masks.npy",
       [](const fs::path& path, int version) {
         write_npy(path,
                   to_bool(fixed_size_subsets(static_cast<std::uint64_t>(version), 400, 500, 0.5)));
       }},
      {"tensors.safetensors",
       [](const fs::path& path, int version) {
         const Array<double, 2> a = numbers<double>(version, 200, 300);
         const Array<float, 2> b = numbers<float>(version, 70, 9);
         write_safetensors(
             path,
             {tensor_to_write("a", {200, 300}, a.data()), tensor_to_write("b", {70, 9}, b.data())},
             {{"version", std::to_string(version)}});
       }},
      {"ensemble.safetensors",
       [](const fs::path& path, int version) { save_ensemble(path, ensemble(version)); }},
      {"member.safetensors",
       [](const fs::path& path, int version) { save_member(path, ensemble(version), 7); }},
      {"store/stage",
       [](const fs::path& path, int version) {
         const StageStore store(path.parent_path());
         store.get_or_make<float, 2>("stage", sentence("version ", version),
                                     [&] { return numbers<float>(version, 300, 500); });
       }},
      {"results.json", [](const fs::path& path,
                          int version) { report::write_results_json(path, results(version)); }},
      {"report.html",
       [](const fs::path& path, int version) {
         report::write_text_file(path, report::html_report(results(version), {picture(version)}));
       }},
      {"picture.svg",
       [](const fs::path& path, int version) {
         report::write_figure(picture(version), path.parent_path());
       }},
      {"arrays.npz",
       [](const fs::path& path, int version) {
         Array<double, 1> a = make_array<double>(50000);
         for (std::size_t i = 0; i < a.size(); ++i) a(i) = number(version, i);
         cli::write_npz(path, {{"forward", a}, {"reverse", a}});
       }},
  };
}

void write_all(const fs::path& folder, int version) {
  for (const Writer& writer : writers()) writer.write(folder / writer.file, version);
}

int try_all(const fs::path& folder, int version) {
  for (const Writer& writer : writers()) {
    std::cout << writer.file << ": ";
    try {
      writer.write(folder / writer.file, version);
      std::cout << "written\n";
    } catch (const std::exception& error) {
      std::cout << error.what() << "\n";
    }
  }
  return 0;
}

/// Outputs that a few examples explain, for expunge fit; two groups of models, for expunge klom.
void write_inputs(const fs::path& folder) {
  const Index models = 1200, examples = 300, targets = 640;
  const SubsetMasks masks = fixed_size_subsets(3, models, examples, 0.5);
  Array<float, 2> outputs = numbers<float>(0, models, targets);
  for (Index m = 0; m < models; ++m)
    for (Index t = 0; t < targets; ++t)
      for (Index k = 0; k < 5; ++k)
        if (masks.contains(m, (t * 7 + k * k * 11) % examples))
          outputs.data()[m * targets + t] += 1.0f;
  write_npy(folder / "masks.npy", to_bool(masks));
  write_npy(folder / "outputs.npy", outputs);
  for (const int version : {1, 2}) {
    write_npy(folder / sentence("margins_", version, ".npy"), numbers<float>(version, 40, 2000));
    write_npy(folder / sentence("scores_", version, ".npy"),
              numbers<float>(version, examples, targets));
  }
  write_npy(folder / "oracle.npy", numbers<float>(3, 40, 2000));
  write_npy(folder / "effects.npy", numbers<float>(4, 30, 2000));
  Array<std::int64_t, 1> forget = make_array<std::int64_t>(5);
  std::iota(forget.begin(), forget.end(), std::int64_t{3});
  write_npy(folder / "forget.npy", forget);
}

int run(const std::vector<std::string>& words) {
  const std::string what = words.empty() ? "" : words[0];
  if (what == "write" && words.size() == 3) {
    write_all(words[1], std::stoi(words[2]));
  } else if (what == "try" && words.size() == 3) {
    return try_all(words[1], std::stoi(words[2]));
  } else if (what == "forever" && words.size() == 2) {
    for (int version = 1;; version = 3 - version) write_all(words[1], version);
  } else if (what == "inputs" && words.size() == 2) {
    write_inputs(words[1]);
  } else {
    std::cerr << "usage: every_writer write|try FOLDER VERSION | forever|inputs FOLDER\n";
    return 2;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) try {
  std::signal(SIGXFSZ, SIG_IGN);  // as the command does: a limit on sizes is an error like others
  return run({arguments + 1, arguments + count});
} catch (const std::exception& error) {
  std::cerr << "every_writer: " << error.what() << "\n";
  return 1;
}
