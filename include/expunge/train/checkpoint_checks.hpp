// What a file of weights must hold to be taken for a model's (checkpoint.hpp): its tensors by name,
// shape and type, numbers that they can have, and the network that its metadata name. What is wrong
// is an io_error with both sides shown; a wrong table of tensors is the caller's mistake.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "expunge/io/safetensors.hpp"
#include "expunge/nn/model_text.hpp"
#include "expunge/nn/named_tensors.hpp"

namespace expunge {

using Metadata = std::map<std::string, std::string>;

/// What a file must be of.
enum class CheckModel {
  text,    // the network that its metadata name, where they name one
  shapes,  // any network with tensors of these names and shapes: the weights of one with another
           // activation, or a file whose metadata an older version wrote
};

/// What a file held beside the weights.
struct LoadReport {
  std::vector<std::string> ignored;  // names of tensors that the model does not have
  Metadata metadata;
};

namespace detail {

/// Throws std::invalid_argument unless the table covers every number of both rows once, each tensor
/// under a name of its own.
template <class Model>
void check_table(const std::vector<NamedTensor>& table) {
  std::set<std::string_view> names;
  for (const NamedTensor& t : table)
    require(names.insert(t.name).second, "checkpoint: the model's table names two tensors '",
            t.name, "'");
  for (const bool stats : {false, true}) {
    std::vector<std::pair<Index, Index>> parts;
    for (const NamedTensor& t : table)
      if (t.in_stats() == stats) parts.emplace_back(t.offset, t.size());
    std::sort(parts.begin(), parts.end());
    Index end = 0;
    for (const auto& [offset, size] : parts) {
      require(offset == end, "checkpoint: the model's table has a tensor at number ", offset,
              " of its row of ", stats ? "stats" : "theta", ", one was expected at ", end);
      end += size;
    }
    const Index all = stats ? Model::statistics : Model::parameters;
    require(end == all, "checkpoint: the model's table has ", end, " numbers of ",
            stats ? "stats" : "theta", ", the model has ", all);
  }
}

/// Its shape with an axis of members before it, where there is one.
inline std::vector<Index> stacked_shape(const NamedTensor& tensor, Index members) {
  std::vector<Index> shape = tensor.shape;
  if (members > 0) shape.insert(shape.begin(), members);
  return shape;
}

/// What to do where the file has the tensor as "prefix.name" (module, _orig_mod, model), else "".
inline std::string prefix_advice(const Safetensors& file, const std::string& name) {
  for (const SafetensorsEntry& entry : file.tensors())
    if (entry.name.ends_with("." + name))
      return sentence("; its names begin with '",
                      shown(entry.name.substr(0, entry.name.size() - name.size())),
                      "': save them without it, or give a table with these names");
  return "";
}

inline bool holds_real_numbers(const SafetensorsEntry& entry) {
  for (const std::string_view type : {"F16", "BF16", "F32", "F64"})
    if (entry.type_name() == type) return true;
  return false;
}

/// Refuses a file whose tensors are not those of the table. `members` 0: no axis of members.
inline LoadReport check_tensors(const Safetensors& file, const std::vector<NamedTensor>& table,
                                Index members) {
  std::vector<std::string_view> known;
  for (const NamedTensor& t : table) known.push_back(t.name);
  std::sort(known.begin(), known.end());
  const auto is_known = [&](const SafetensorsEntry& entry) {
    return std::binary_search(known.begin(), known.end(), std::string_view(entry.name));
  };
  const auto other = std::find_if_not(file.tensors().begin(), file.tensors().end(), is_known);
  const std::string beside =
      other == file.tensors().end() ? "" : sentence(", but '", shown(other->name), "'");
  for (const NamedTensor& t : table) {
    const std::vector<Index> shape = stacked_shape(t, members);
    const SafetensorsEntry* entry = file.find(t.name);
    if (entry == nullptr && t.optional() && members == 0) continue;
    if (entry == nullptr)
      throw io_error(file.name(),
                     sentence("tensor '", t.name, "' of shape ", shape_text(shape),
                              " was expected, the file has ", file.tensors().size(),
                              " tensors without it", beside, prefix_advice(file, t.name)));
    if (!holds_real_numbers(*entry))
      throw io_error(
          file.name(), file.header().data_offset + entry->begin,
          sentence("tensor '", t.name, "' has numbers of type ", shown(entry->type_name()),
                   ", F16, BF16, F32 or F64 were expected: weights that are stored as "
                   "integers are multiples of a scale; save the network that computes "
                   "in floating point"));
    if (entry->shape != shape)
      throw io_error(file.name(), file.header().data_offset + entry->begin,
                     sentence("tensor '", t.name, "' has shape ", shape_text(entry->shape), ", ",
                              shape_text(shape), " was expected"));
  }
  LoadReport report{{}, file.metadata()};
  for (const SafetensorsEntry& entry : file.tensors())
    if (!is_known(entry)) report.ignored.push_back(entry.name);
  std::sort(report.ignored.begin(), report.ignored.end());
  return report;
}

/// Refuses metadata that differ from what is expected; both are shown.
inline void check_metadata(const Safetensors& file, const Metadata& expected) {
  for (const auto& [key, value] : expected) {
    const auto at = file.metadata().find(key);
    const std::string found =
        at == file.metadata().end() ? "is missing" : "is '" + shown(at->second) + "'";
    if (at == file.metadata().end() || at->second != value)
      throw io_error(file.name(),
                     sentence("metadata '", key, "' ", found, ", '", value, "' was expected"));
  }
}

/// Refuses numbers that the tensor cannot hold: variances below 0, states of masks that are no
/// pieces of 16 bits. A weight or a statistic that is no number is what a diverged member has.
template <class Real>
void check_values(const Safetensors& file, const SafetensorsEntry& entry, const NamedTensor& tensor,
                  const Real* values) {
  const auto refuse = [&](Index i, const char* expected) {
    throw io_error(file.name(), file.header().data_offset + entry.begin,
                   sentence("tensor '", tensor.name, "' has the value ", values[i], " at position ",
                            i, ", ", expected));
  };
  for (Index i = 0; i < tensor.size(); ++i) {
    const Real v = values[i];
    if (tensor.holds == Holds::running_variance && v < Real(0))
      refuse(i, "a variance is at least 0");
    if (tensor.holds == Holds::mask_state &&
        !(v >= Real(0) && v < Real(0x10000) && v == std::floor(v)))
      refuse(i, "an integer of 0 to 65535 was expected");
  }
}

/// The names under which files say what network they are of.
inline constexpr const char* ensemble_key = "model";
inline constexpr const char* member_key = "expunge_model";
inline constexpr const char* checkpoint_version = "2";  // of ensembles

/// What a file of an ensemble says of itself. Version 1 said shapes alone.
template <class Model>
Metadata own_metadata() {
  return {{"expunge_checkpoint", checkpoint_version}, {ensemble_key, model_text<Model>()}};
}

/// Refuses a file of another network, by the first layers that differ.
template <class Model>
void check_network(const Safetensors& file, const std::string& found) {
  const std::string own = model_text<Model>();
  if (found == own) return;
  std::size_t at = 0;  // where the first layers begin that differ
  for (std::size_t i = 0; i < std::min(found.size(), own.size()) && found[i] == own[i]; ++i)
    if (own.compare(i, 3, " > ") == 0 && found.compare(i, 3, " > ") == 0) at = i + 3;
  throw io_error(file.name(), sentence("the file is of another network: where it has '",
                                       shown(std::string_view(found).substr(at)),
                                       "', this one has '", shown(std::string_view(own).substr(at)),
                                       "'; if that is meant, load it with CheckModel::shapes"));
}

/// Refuses a file of an ensemble that is none, or of another model.
template <class Model>
void check_own_metadata(const Safetensors& file, CheckModel check) {
  const auto at = [&](const char* key) { return file.metadata().find(key); };
  const auto version = at("expunge_checkpoint"), model = at(ensemble_key);
  if (check == CheckModel::shapes && version != file.metadata().end()) return;
  if (version != file.metadata().end() && version->second == "1")
    throw io_error(file.name(),
                   "an older version of expunge wrote this ensemble and noted shapes, but no kinds "
                   "of layers; if it is of this network, load it with CheckModel::shapes and save "
                   "it again");
  check_metadata(file, {{"expunge_checkpoint", checkpoint_version}});
  if (model == file.metadata().end()) check_metadata(file, {{ensemble_key, model_text<Model>()}});
  check_network<Model>(file, model->second);
}

/// Refuses a file of one model that says that it is of another.
template <class Model>
void check_member_model(const Safetensors& file, CheckModel check) {
  const auto model = file.metadata().find(member_key);
  if (check == CheckModel::shapes || model == file.metadata().end()) return;
  check_network<Model>(file, model->second);
}

}  // namespace detail

}  // namespace expunge
