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

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "expunge/train/checkpoint_checks.hpp"
#include "expunge/train/ensemble.hpp"

namespace expunge {

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
