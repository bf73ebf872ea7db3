// The forget sets of the demonstration: those that it reports, and others to choose settings on.
#pragma once

#include <string>
#include <vector>

#include "lab.hpp"

namespace quickstart {

struct NamedForgetSet {
  std::string name;
  std::string description;
  std::vector<Index> members;
  bool random = false;  // drawn from all training examples alike
};

/// Effects of every training example on every training example's margin, [n][n].
Array<float, 2> train_by_train_effects(const Lab& lab, const SubsetModels& subset);

/// The `count` examples with the largest entries in a principal component of these effects.
NamedForgetSet component_set(const Array<float, 2>& effects, Index component, Index count);

/// From train_by_train_effects: random 50, random 100, 50 of class Shirt, and the top 50 of the
/// first principal component.
std::vector<NamedForgetSet> reported_forget_sets(const Lab& lab, const Array<float, 2>& effects);

/// From the same, what settings are chosen on: other random sets, of other classes, and of other
/// components.
std::vector<NamedForgetSet> held_out_forget_sets(const Lab& lab, const Array<float, 2>& effects);

}  // namespace quickstart
