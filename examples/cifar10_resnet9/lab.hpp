// What the stages share, and the ensembles that they train; Net is a ResNet9 of one width.
#pragma once

#include <functional>

#include "expunge/io/stage_store.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/unlearning/retrain.hpp"
#include "images.hpp"
#include "support/version.hpp"

namespace cifar10 {

using expunge::Array;

/// What stages share. Networks run on a backend of their own, `device`, which the stages that need
/// it are given; everything else is the host's.
struct Lab {
  const Options& options;
  std::string device_text;  // "CPU", "CUDA": results of another device are not reused
  expunge::Cpu<float> host;
  Images images;
  expunge::StageStore store;
  std::function<expunge::Progress(const std::string& name)> stage;

  const Settings& settings() const { return options.settings; }
  Index train_size() const { return images.train.size(); }
  /// A seed of its own for each group of models.
  std::uint64_t group_seed(std::uint64_t group) const { return options.seed * 1000003 + group; }
  expunge::Recipe<> recipe(std::uint64_t group) const {
    expunge::Recipe<> how = settings().recipe;
    how.descent.seed = group_seed(group);
    return how;
  }
};

/// Raise it when the same settings begin to give other models: older stores are then not used.
inline constexpr int store_generation = 1;

/// Everything that a stored array depends on, as text.
inline std::string key_of(const Lab& lab, const expunge::Recipe<>& how, const std::string& what) {
  const expunge::DescentConfig& d = how.descent;
  return expunge::sentence(
      "store ", store_generation, "; ", lab.device_text, "; expunge ", support::version_text(),
      "; data ", lab.images.hash, ", ", lab.train_size(), " of ", lab.images.points.size(),
      " points; ResNet9<10, ", lab.settings().width, ">; cross entropy; SGD rate ", d.learning_rate,
      ", triangular with peak ", how.schedule.peak, ", momentum ", how.optimizer.momentum,
      ", nesterov ", how.optimizer.nesterov, ", weight decay ", how.optimizer.weight_decay,
      ", epochs ", d.epochs, ", stop after ", d.stop_after, ", batch ", how.batch, ", last batch ",
      static_cast<int>(d.last_batch), ", mode ", static_cast<int>(d.mode), ", augmentation ",
      d.augmentation.flip, " ", d.augmentation.crop, " ", static_cast<int>(d.augmentation.border),
      " ", d.augmentation.cutout, ", starts ", d.starts, ", seed ", d.seed, "; ", what, "\n");
}

inline std::string list_of(const std::vector<Index>& indices) {
  std::string text;
  for (const Index i : indices) text += expunge::sentence(i, " ");
  return text;
}

inline constexpr std::uint64_t group_of_full_models = 1;

/// theta0 of all N models, and what they say of all points.
template <class Net>
struct FullModels {
  expunge::Ensemble<Net, float> models;
  Array<float, 3> logits;  // [N][points][k]
};

template <class Net, class B>
FullModels<Net> train_full_models(Lab& lab, B& device) {
  const Index models = lab.settings().models;
  const expunge::Recipe<> how = lab.recipe(group_of_full_models);
  const std::string key =
      key_of(lab, how, expunge::sentence(models, " models of all images, weights | statistics"));
  const Array<float, 2> rows = lab.store.get_or_make<float, 2>("full_models", key, [&] {
    const auto trained = expunge::train<Net>(device, how, lab.images.train,
                                             expunge::all_but(models, lab.train_size(), {}),
                                             lab.stage("train full models"));
    Array<float, 2> joined = expunge::make_array<float>(models, Net::parameters + Net::statistics);
    const auto to = expunge::view(joined);
    copy_rows(lab.host, expunge::view(trained.theta), to.columns(0, Net::parameters));
    copy_rows(lab.host, expunge::view(trained.stats), to.columns(Net::parameters, Net::statistics));
    return joined;
  });
  FullModels<Net> full{expunge::Ensemble<Net, float>::uninitialised(models), {}};
  const auto from = expunge::view(rows);
  copy_rows(lab.host, from.columns(0, Net::parameters), expunge::view(full.models.theta));
  copy_rows(lab.host, from.columns(Net::parameters, Net::statistics),
            expunge::view(full.models.stats));
  lab.stage("ask full models");
  full.logits = expunge::evaluate_logits<float>(device, full.models, lab.images.points.inputs());
  return full;
}

/// Logits [N][points][k] of models that never saw the forget set; `group` tells groups apart.
template <class Net, class B>
Array<float, 3> train_oracles(Lab& lab, B& device, std::uint64_t group, const std::string& name) {
  const Index models = lab.settings().models;
  const expunge::Recipe<> how = lab.recipe(group);
  const std::string key =
      key_of(lab, how, expunge::sentence(models, " models without ", list_of(lab.images.forget)));
  return lab.store.get_or_make<float, 3>(name, key, [&] {
    const auto trained = expunge::retrain<Net>(device, lab.recipe(group_of_full_models),
                                               lab.images.train, lab.images.forget, models,
                                               how.descent.seed, 0, lab.stage("train " + name));
    return expunge::evaluate_logits<float>(device, trained, lab.images.points.inputs());
  });
}

}  // namespace cifar10
