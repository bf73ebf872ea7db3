// Weights in files: one model in PyTorch's names and layouts, or all members of an ensemble, both
// as safetensors.
//
//   load_member("model.safetensors", ensemble, 0);      one state dict into member 0
//   save_member("member_3.safetensors", ensemble, 3);
//   save_ensemble("all.safetensors", ensemble, {{"recipe", "24 epochs"}});
//   Checkpoint<Model, float> c = load_ensemble<Model, float>("all.safetensors");
//
// A file says which network it is of (nn/model_text.hpp); one that says another is refused, as
// weights fit every network of the same shapes. Files of PyTorch, and those of one model that older
// versions wrote, say nothing of it and load by their shapes; see CheckModel.
//
// Which numbers are which tensor is the model's table (nn/named_tensors.hpp). A tensor that is
// missing, or has another shape, refuses the file with both shown, and nothing is changed. Tensors
// that the table does not know (num_batches_tracked) are listed in `ignored`; the masks of dropout,
// which PyTorch does not keep, stay the member's own where the file has none. In a file of an
// ensemble every tensor has a first axis of members, as torch.func.stack_module_state gives them.
#pragma once

#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "expunge/io/safetensors.hpp"
#include "expunge/nn/model_text.hpp"
#include "expunge/nn/named_tensors.hpp"
#include "expunge/train/ensemble.hpp"

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

/// An ensemble from a file.
template <class Model, class Real>
struct Checkpoint {
  Ensemble<Model, Real> ensemble;
  LoadReport report;
};

namespace detail {

/// The first number of the tensor in the member's row.
template <class Model, class AnyEnsemble>
auto* tensor_data(AnyEnsemble& ensemble, const NamedTensor& tensor, Index member) {
  return tensor.in_stats() ? ensemble.stats.data() + member * Model::statistics + tensor.offset
                           : ensemble.theta.data() + member * Model::parameters + tensor.offset;
}

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

/// Reads all tensors of the table that the file has into members 0, 1, ... of the ensemble.
template <class Model, class Real>
void read_tensors(const Safetensors& file, const std::vector<NamedTensor>& table,
                  Ensemble<Model, Real>& ensemble) {
  for (const NamedTensor& t : table) {
    const SafetensorsEntry* entry = file.find(t.name);
    for (Index m = 0; m < ensemble.members() && entry != nullptr; ++m) {
      Real* const values = tensor_data<Model>(ensemble, t, m);
      file.read(*entry, m * t.size(), t.size(), values);
      check_values(file, *entry, t, values);
    }
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

/// Loads a file of one model into a member. Throws io_error, and then the ensemble is as it was.
template <class Model, class Real>
LoadReport load_member(const std::filesystem::path& path, Ensemble<Model, Real>& ensemble,
                       Index member, const std::vector<NamedTensor>& table = tensors_of<Model>(),
                       CheckModel check = CheckModel::text) {
  require(member >= 0 && member < ensemble.members(), "load_member: member ", member, " of ",
          ensemble.members());
  detail::check_table<Model>(table);
  const Safetensors file = Safetensors::map(path);
  LoadReport report = detail::check_tensors(file, table, 0);
  detail::check_member_model<Model>(file, check);
  Real* const theta = ensemble.theta.data() + member * Model::parameters;
  Real* const stats = ensemble.stats.data() + member * Model::statistics;
  auto one = Ensemble<Model, Real>::uninitialised(1);
  std::copy_n(theta, Model::parameters, one.theta.data());
  std::copy_n(stats, Model::statistics, one.stats.data());
  detail::read_tensors(file, table, one);  // throws on what cannot be read
  std::copy_n(one.theta.data(), Model::parameters, theta);
  std::copy_n(one.stats.data(), Model::statistics, stats);
  return report;
}

/// What save_member says of a file: that it is PyTorch's, and what the model is
/// (nn/model_text.hpp).
template <class Model>
Metadata member_metadata() {
  return {{"format", "pt"}, {detail::member_key, model_text<Model>()}};
}

/// Saves one member as the state dict of one model, F32 or F64 as Real is. With the metadata
/// {{"format", "pt"}} the file is PyTorch's to the byte, and load_member cannot tell networks of
/// the same shapes apart.
template <class Model, class Real>
void save_member(const std::filesystem::path& path, const Ensemble<Model, Real>& ensemble,
                 Index member, const Metadata& metadata = member_metadata<Model>(),
                 const std::vector<NamedTensor>& table = tensors_of<Model>()) {
  require(member >= 0 && member < ensemble.members(), "save_member: member ", member, " of ",
          ensemble.members());
  detail::check_table<Model>(table);
  std::vector<TensorToWrite> tensors;
  for (const NamedTensor& t : table)
    tensors.push_back(
        tensor_to_write(t.name, t.shape, detail::tensor_data<Model>(ensemble, t, member)));
  write_safetensors(path, std::move(tensors), metadata);
}

/// Saves all members, and what the model is (nn/model_text.hpp); `metadata` is what else a reader
/// should know (the recipe, as text).
template <class Model, class Real>
void save_ensemble(const std::filesystem::path& path, const Ensemble<Model, Real>& ensemble,
                   Metadata metadata = {},
                   const std::vector<NamedTensor>& table = tensors_of<Model>()) {
  require(ensemble.members() >= 1, "save_ensemble: there are no members");
  detail::check_table<Model>(table);
  for (const auto& [key, value] : detail::own_metadata<Model>())
    require(metadata.emplace(key, value).second, "save_ensemble: the metadata name ", key,
            " is the file's own");
  std::vector<TensorToWrite> tensors;
  for (const NamedTensor& t : table)
    tensors.push_back(tensor_to_write(t.name, detail::stacked_shape(t, ensemble.members()),
                                      detail::tensor_data<Model>(ensemble, t, 0),
                                      ensemble.members(),
                                      t.in_stats() ? Model::statistics : Model::parameters));
  write_safetensors(path, std::move(tensors), metadata);
}

/// Loads what save_ensemble wrote of this model, with the tensors of the table and no others. Every
/// entry of `expected` must be in the metadata with this value. Throws io_error.
template <class Model, class Real>
Checkpoint<Model, Real> load_ensemble(const std::filesystem::path& path,
                                      const Metadata& expected = {},
                                      const std::vector<NamedTensor>& table = tensors_of<Model>(),
                                      CheckModel check = CheckModel::text) {
  detail::check_table<Model>(table);
  const Safetensors file = Safetensors::map(path);
  detail::check_own_metadata<Model>(file, check);
  detail::check_metadata(file, expected);
  const SafetensorsEntry* first = table.empty() ? nullptr : file.find(table[0].name);
  const Index members = first == nullptr || first->shape.empty() ? 1 : first->shape[0];
  LoadReport report = detail::check_tensors(file, table, members);
  if (!report.ignored.empty())
    throw io_error(path.string(),
                   sentence("tensor '", detail::shown(report.ignored[0]),
                            "' is none of the model's, which has ", table.size(), " tensors"));
  Checkpoint<Model, Real> result{Ensemble<Model, Real>::uninitialised(members), std::move(report)};
  detail::read_tensors(file, table, result.ensemble);
  return result;
}

}  // namespace expunge
