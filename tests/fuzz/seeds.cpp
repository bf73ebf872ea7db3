#include "fuzz/seeds.hpp"

#include "fuzz/target.hpp"

namespace expunge::fuzz {

namespace {

/// A split of results, with this number in the place of `points`.
std::string split_json(const std::string& points) {
  const std::string score =
      R"({"p95": 1.5, "p95_interval": [1.25, null], "mean": 0.5, "floor_p95": 0.25, "bad_points": 0})";
  return R"({"name": "all", "points": )" + points +
         R"(, "oracle_fingerprint": "00ff", "points_fingerprint": "11ee", "forward": )" + score +
         R"(, "reverse": )" + score + R"(, "gaussian": )" + score + "}";
}

std::string klom_json(const std::string& splits) {
  return R"({"expunge": "0.1.0", "command": "expunge klom", "kind": "klom", "results": )"
         R"({"preset": "paper", "direction": "oracle-unlearned", "last_edge": "closed", )"
         R"("renormalised": false, "bins": 20, "oracle_models": 40, "unlearned_models": 40, )"
         R"("interval_level": 0.95, "splits": )" +
         splits + "}, \"warnings\": []}\n";
}

}  // namespace

void add_results_seeds(std::vector<Seed>& seeds) {
  const auto add = [&](const std::string& name, const std::string& text, bool is_read = false) {
    seeds.push_back({"results", name, {text.begin(), text.end()}, is_read});
  };
  add("one_split", klom_json("[" + split_json("2000") + "]"), true);
  add("two_splits", klom_json("[" + split_json("1") + ", " + split_json("2") + "]"), true);
  add("no_split", klom_json("[]"));
  add("split_is_text", klom_json("\"all\""));
  for (const char* number : {"-1", "1.5", "1e999", "18446744073709551616", "null", "true", "[]"})
    add(sentence("points_", number), klom_json("[" + split_json(number) + "]"));
  add("not_json", "{\"kind\": \"klom\",");
  add("deep", std::string(40, '[') + std::string(40, ']'));
  add("no_utf8", "{\"kind\": \"\xff\xfe\"}");
  add("byte_order_mark", "\xef\xbb\xbf{\"kind\": \"klom\"}");
  add("other_kind", R"({"kind": "fit", "results": {}})");
  add("twice", R"({"kind": "klom", "kind": "easydub", "results": {}})");
  add("empty", "");
}

std::vector<Seed> all_seeds() {
  std::vector<Seed> seeds;
  add_npy_seeds(seeds);
  add_archive_seeds(seeds);
  add_tensor_seeds(seeds);
  add_image_seeds(seeds);
  add_results_seeds(seeds);
  return seeds;
}

}  // namespace expunge::fuzz
