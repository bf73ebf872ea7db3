// Models that diverged to finite outputs, through the command: named by number and file, with what
// became of the score.
#include <doctest/doctest.h>

#include "cli/run.hpp"
#include "cli/unwrapped.hpp"
#include "evaluation/margins.hpp"
#include "expunge/data/subset_masks.hpp"
#include "expunge/evaluation/klom.hpp"
#include "expunge/io/npy.hpp"

using namespace expunge;
using report::Json;

namespace {

const std::string quick = " --replicates 5 --threads 1";

/// o.npy [24][40] and a folder u of 20 files, in which id_7.npy ran away at points 10 .. 39.
void write_pair(const Scratch& scratch) {
  write_npy(scratch / "o.npy", normal_margins(1, 24, 40, 5, 0.5));
  const Array<double, 2> unlearned = normal_margins(2, 20, 40, 6.5, 0.5);
  std::filesystem::create_directory(scratch / "u");
  for (Index m = 0; m < 20; ++m) {
    Array<double, 1> one = make_array<double>(Index{40});
    for (std::size_t x = 0; x < 40; ++x)
      one(x) = m == 7 && x >= 10 ? -1e4 : unlearned(static_cast<std::size_t>(m), x);
    write_npy(scratch / sentence("u/id_", m, ".npy"), one);
  }
}

}  // namespace

TEST_CASE(
    "klom names the model that ran away by number and file, and says what became of the score") {
  const Scratch scratch;
  write_pair(scratch);
  const std::string line = "klom --oracle o.npy --unlearned u --json a.json" + quick;
  Ran ran = run(scratch, line);
  REQUIRE(ran.status == 0);
  CHECK(contains(ran.out, "1 of 20 unlearned models ran away at 30 of 40 points"));
  CHECK(contains(ran.out, "unlearned model 7 (id_7.npy, 30 points)"));
  CHECK(contains(ran.out, "These points score the ceiling."));
  Json results = json_of(scratch / "a.json")["results"];
  CHECK(results["splits"][0]["forward"]["runaway_points"] == 30);
  CHECK(results["splits"][0]["forward"]["bad_points"] == 0);
  CHECK(results["splits"][0]["forward"]["p50"] == KlomConfig().ceiling());
  CHECK(results["runaways"]["points"] == 30);
  CHECK(results["runaways"]["models"] ==
        Json::array({{{"side", "unlearned"}, {"model", 7}, {"name", "id_7.npy"}, {"points", 30}}}));
  CHECK(results["runaways"]["farthest"]["value"] == -1e4);
  ran = run(scratch, line + " --preset easydub --html a.html");
  REQUIRE(ran.status == 0);
  CHECK(contains(unwrapped(ran.out),
                 "The preset easydub keeps the scores of these points, which are too good"));
  CHECK(contains(report::read_text_file((scratch / "a.html").string()), "id_7.npy"));
  results = json_of(scratch / "a.json")["results"];
  CHECK(results["splits"][0]["forward"]["runaway_points"] == 30);
  CHECK(results["splits"][0]["forward"]["p50"] < 5);
  CHECK(refused(run(scratch, line + " --strict"), 3, "ran away at 30 of 40 points"));
}

TEST_CASE("epsilon and ulira name models that ran away by file or row") {
  const Scratch scratch;
  write_pair(scratch);
  const Ran ran = run(scratch, "epsilon --retrained o.npy --unlearned u --json e.json" + quick);
  REQUIRE(ran.status == 0);
  CHECK(contains(ran.out, "unlearned model 7 (id_7.npy, 30 points)"));
  CHECK(json_of(scratch / "e.json")["results"]["runaways"]["models"][0]["name"] == "id_7.npy");

  Array<double, 2> margins = normal_margins(3, 80, 30);
  Array<std::uint8_t, 2> trained = make_array<std::uint8_t>(80, 30), forgotten = trained;
  for (std::size_t m = 0; m < 80; ++m)
    for (std::size_t x = 0; x < 30; ++x) trained(m, x) = forgotten(m, x) = (m + x) % 2 == 0;
  for (std::size_t x = 0; x < 30; ++x) margins(5, x) = 1e6;
  write_npy(scratch / "m.npy", margins);
  write_npy(scratch / "t.npy", trained);
  write_npy(scratch / "f.npy", forgotten);
  const Ran attack =
      run(scratch, "ulira --margins m.npy --trained t.npy --forgotten f.npy --json l.json" + quick);
  REQUIRE(attack.status == 0);
  CHECK(contains(attack.out, "model 5 (row 5, 30 points)"));
  CHECK(contains(attack.out, "30 such margins were left out of the shadows."));
  const Json results = json_of(scratch / "l.json")["results"];
  CHECK(results["runaway_shadows"] == 30);
  CHECK(results["runaways"]["models"][0]["model"] == 5);
}

TEST_CASE("lds names the model by its row of the files, those before --first-model counted") {
  const Scratch scratch;
  const SubsetMasks masks = fixed_size_subsets(1, 40, 12, .5);
  Array<std::uint8_t, 2> seen = make_array<std::uint8_t>(40, 12);
  for (Index m = 0; m < 40; ++m)
    for (Index i = 0; i < 12; ++i)
      seen(static_cast<std::size_t>(m), static_cast<std::size_t>(i)) = masks.contains(m, i);
  Array<double, 2> outputs = normal_margins(1, 40, 6);
  outputs(33, 4) = 1e6;
  write_npy(scratch / "s.npy", normal_margins(2, 12, 6));
  write_npy(scratch / "m.npy", seen);
  write_npy(scratch / "y.npy", outputs);
  const Ran ran = run(
      scratch,
      "lds --scores s.npy --masks m.npy --outputs y.npy --first-model 10 --json l.json" + quick);
  REQUIRE(ran.status == 0);
  CHECK(contains(ran.out, "model 33 gives 1e+06 at target 4"));
  CHECK(contains(ran.out, "model 33 (row 33, 1 target)"));
  CHECK(json_of(scratch / "l.json")["results"]["runaways"]["models"][0]["model"] == 33);
}
