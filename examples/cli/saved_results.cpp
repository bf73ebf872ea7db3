#include "cli/saved_results.hpp"

#include "expunge/io/byte_source.hpp"

namespace expunge::cli {

using report::Json;

namespace {

/// A value of the file and the path that leads to it: "results.splits[0].points".
class Field {
 public:
  Field(const Json& value, const std::string& file, std::string path)
      : value_(value), file_(file), path_(std::move(path)) {}

  Field at(const std::string& name) const {
    const std::string path = path_.empty() ? name : path_ + "." + name;
    if (!value_.is_object() || !value_.contains(name))
      throw io_error(file_, 0, sentence("the field ", path, " is missing"));
    return {value_.at(name), file_, path};
  }

  bool has(const std::string& name) const { return value_.is_object() && value_.contains(name); }

  std::vector<Field> items() const {
    if (!value_.is_array() || value_.empty()) refuse("a list of at least one");
    std::vector<Field> fields;
    for (std::size_t i = 0; i < value_.size(); ++i)
      fields.emplace_back(value_[i], file_, sentence(path_, "[", i, "]"));
    return fields;
  }

  std::string text() const {
    if (!value_.is_string()) refuse("text");
    return value_.get<std::string>();
  }
  bool boolean() const {
    if (!value_.is_boolean()) refuse("true or false");
    return value_.get<bool>();
  }
  Index count() const {
    if (!value_.is_number_unsigned() || value_.get<std::uint64_t>() > (std::uint64_t{1} << 53))
      refuse("a whole number, not negative");
    return value_.get<Index>();
  }
  /// NaN for null.
  double number() const {
    if (value_.is_null()) return report::not_measured;
    if (!value_.is_number()) refuse("a number");
    return value_.get<double>();
  }
  [[noreturn]] void refuse(const std::string& expected) const {
    throw io_error(file_, 0, sentence("the field ", path_, ": ", expected, " was expected"));
  }

 private:
  const Json& value_;
  const std::string& file_;
  std::string path_;
};

SavedScore saved_score(const Field& field) {
  const Field interval = field.at("p95_interval");
  const std::vector<Field> ends = interval.items();
  if (ends.size() != 2) interval.refuse("two numbers");
  SavedScore score;
  score.p95 = field.at("p95").number();
  score.p95_interval = {ends[0].number(), ends[1].number()};
  score.mean = field.at("mean").number();
  score.floor_p95 = field.at("floor_p95").number();
  score.bad_points = field.at("bad_points").count();
  if (field.has("runaway_points")) score.runaway_points = field.at("runaway_points").count();
  return score;
}

SavedSplit saved_split(const Field& field) {
  SavedSplit split;
  split.name = field.at("name").text();
  split.oracle_fingerprint = field.at("oracle_fingerprint").text();
  split.points_fingerprint = field.at("points_fingerprint").text();
  split.points = field.at("points").count();
  split.forward = saved_score(field.at("forward"));
  split.reverse = saved_score(field.at("reverse"));
  split.gaussian = saved_score(field.at("gaussian"));
  return split;
}

}  // namespace

Json read_json(const std::string& file) {
  constexpr int deepest = 32;
  const std::vector<std::uint8_t> bytes = read_bytes(file, std::uint64_t{64} << 20);
  try {
    return Json::parse(bytes.begin(), bytes.end(), [&](int depth, Json::parse_event_t, Json&) {
      if (depth > deepest)
        throw io_error(file, 0, sentence("JSON nested deeper than ", deepest, " levels"));
      return true;
    });
  } catch (const Json::parse_error& error) {
    throw io_error(file, error.byte > 0 ? error.byte - 1 : 0, "this is not JSON");
  } catch (const Json::exception&) {
    throw io_error(file, 0, "the JSON holds a number that is out of range");
  }
}

SavedKlom read_saved_klom(const std::string& file) {
  const Json json = read_json(file);
  const Field root(json, file, "");
  const std::string kind = root.at("kind").text();
  if (kind != "klom" && kind != "easydub")
    throw io_error(file, 0,
                   sentence("the field kind is '", kind.substr(0, 40),
                            "', results of klom or easydub were expected"));
  const Field results = root.at("results");
  SavedKlom saved;
  saved.file = file;
  saved.preset = results.at("preset").text();
  saved.direction = results.at("direction").text();
  saved.last_edge = results.at("last_edge").text();
  saved.renormalised = results.at("renormalised").boolean();
  saved.bins = results.at("bins").count();
  saved.oracle_models = results.at("oracle_models").count();
  saved.unlearned_models = results.at("unlearned_models").count();
  const Field level = results.at("interval_level");
  saved.interval_level = level.number();
  if (!(saved.interval_level > 0 && saved.interval_level < 1)) level.refuse("a number in (0, 1)");
  for (const Field& split : results.at("splits").items())
    saved.splits.push_back(saved_split(split));
  return saved;
}

}  // namespace expunge::cli
