#include "experiment.hpp"

template std::vector<cifar10::ScoredRun> cifar10::run_experiment<4>(Lab&, expunge::Cpu<float>&);
