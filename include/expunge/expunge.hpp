// Everything that needs no GPU, no zlib and no other program: the one include of the tutorial.
//
// Not here, to be included by name: io/idx.hpp and io/gzip.hpp (compressed files need zlib) and
// report/ (figures are drawn by gnuplot).
#pragma once

#include "expunge/version.hpp"

// Vocabulary
#include "expunge/core/array.hpp"
#include "expunge/core/check.hpp"
#include "expunge/core/find_runaways.hpp"
#include "expunge/core/half.hpp"
#include "expunge/core/parallel.hpp"
#include "expunge/core/progress.hpp"
#include "expunge/core/random.hpp"
#include "expunge/core/sample.hpp"
#include "expunge/core/shape_text.hpp"
#include "expunge/core/ties.hpp"
#include "expunge/core/view.hpp"

// Where numbers live
#include "expunge/backend/cpu.hpp"
#include "expunge/backend/gemm.hpp"

// Data sets, subsets, batches
#include "expunge/data/augment.hpp"
#include "expunge/data/batches.hpp"
#include "expunge/data/dataset.hpp"
#include "expunge/data/forget_sets.hpp"
#include "expunge/data/image_dataset.hpp"
#include "expunge/data/images.hpp"
#include "expunge/data/subset_masks.hpp"
#include "expunge/data/synthetic.hpp"

// Models, losses, output functions
#include "expunge/loss/cross_entropy.hpp"
#include "expunge/loss/distillation.hpp"
#include "expunge/loss/smoothed_cross_entropy.hpp"
#include "expunge/loss/squared_error.hpp"
#include "expunge/nn/conv_net.hpp"
#include "expunge/nn/dropout.hpp"
#include "expunge/nn/flatten.hpp"
#include "expunge/nn/linear.hpp"
#include "expunge/nn/mlp.hpp"
#include "expunge/nn/relu.hpp"
#include "expunge/nn/resnet18.hpp"
#include "expunge/nn/resnet9.hpp"
#include "expunge/nn/sequential.hpp"
#include "expunge/output/evaluate.hpp"
#include "expunge/output/largest_logit.hpp"
#include "expunge/output/logits.hpp"
#include "expunge/output/margin.hpp"
#include "expunge/output/prediction.hpp"

// Linear systems known by their products
#include "expunge/linearisation/gauss_newton_operator.hpp"
#include "expunge/linearisation/jacobian.hpp"
#include "expunge/linearisation/kernel_operator.hpp"
#include "expunge/linearisation/output_rows.hpp"
#include "expunge/solvers/conjugate_gradients.hpp"
#include "expunge/solvers/lsqr.hpp"

// Training
#include "expunge/train/adam.hpp"
#include "expunge/train/checkpoint.hpp"
#include "expunge/train/evaluate_logits.hpp"
#include "expunge/train/evaluate_margins.hpp"
#include "expunge/train/schedule.hpp"
#include "expunge/train/sgd.hpp"
#include "expunge/train/statistics.hpp"
#include "expunge/train/train.hpp"

// Attribution
#include "expunge/attribution/datamodels.hpp"
#include "expunge/attribution/difference_of_means.hpp"
#include "expunge/attribution/lasso.hpp"
#include "expunge/attribution/lasso_path.hpp"
#include "expunge/attribution/plug_in_lasso.hpp"
#include "expunge/attribution/ridge.hpp"
#include "expunge/attribution/shared_starts.hpp"
#include "expunge/attribution/trak.hpp"

// Unlearning
#include "expunge/unlearning/ascent_descent.hpp"
#include "expunge/unlearning/calibrate.hpp"
#include "expunge/unlearning/dm_direct.hpp"
#include "expunge/unlearning/gauss_newton_matching.hpp"
#include "expunge/unlearning/gradient_ascent.hpp"
#include "expunge/unlearning/gradient_descent.hpp"
#include "expunge/unlearning/held_out_sets.hpp"
#include "expunge/unlearning/margin_recorder.hpp"
#include "expunge/unlearning/oracle_matching.hpp"
#include "expunge/unlearning/oracle_outputs.hpp"
#include "expunge/unlearning/retain/largest_change.hpp"
#include "expunge/unlearning/retain/leverage.hpp"
#include "expunge/unlearning/retain/nearest.hpp"
#include "expunge/unlearning/retain/uniform.hpp"
#include "expunge/unlearning/retrain.hpp"
#include "expunge/unlearning/scrub.hpp"
#include "expunge/unlearning/scrub_rewind.hpp"

// Evaluation
#include "expunge/evaluation/accuracy.hpp"
#include "expunge/evaluation/attribution_checks.hpp"
#include "expunge/evaluation/bootstrap.hpp"
#include "expunge/evaluation/distance_summary.hpp"
#include "expunge/evaluation/epsilon.hpp"
#include "expunge/evaluation/klom.hpp"
#include "expunge/evaluation/klom_floor.hpp"
#include "expunge/evaluation/klom_floor_draws.hpp"
#include "expunge/evaluation/klom_interval.hpp"
#include "expunge/evaluation/klom_noise.hpp"
#include "expunge/evaluation/klom_on_backend.hpp"
#include "expunge/evaluation/klom_triple.hpp"
#include "expunge/evaluation/lds.hpp"
#include "expunge/evaluation/missing_targets.hpp"
#include "expunge/evaluation/roc.hpp"
#include "expunge/evaluation/sample_distances.hpp"
#include "expunge/evaluation/sound_points.hpp"
#include "expunge/evaluation/ulira.hpp"

// Files
#include "expunge/io/atomic_file.hpp"
#include "expunge/io/block_file.hpp"
#include "expunge/io/cifar.hpp"
#include "expunge/io/index_file.hpp"
#include "expunge/io/npy.hpp"
#include "expunge/io/npy_view.hpp"
#include "expunge/io/safetensors.hpp"
#include "expunge/io/stage_store.hpp"
