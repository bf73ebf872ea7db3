#!/usr/bin/env bash
# The LASSO stage: 10,000 examples, 20,000 models, 1000 targets. X'X, X'Y and one penalty for all
# targets, against scikit-learn's Lasso(precompute=G) with a 2-D y, products included on both sides;
# and our whole stage (a path of 100 penalties chosen on a tenth of the models, then the final fit)
# against our own two products. scikit-learn solves 100 of the targets, scaled up.
# Ours is the best of three runs, scikit-learn has one. Fails if the solutions disagree.
#
#   bench/case4_stage.sh [models] [examples] [targets] [lambda / lambda_max, default .05]
#
# needs bench_lasso_stage, a Python with scikit-learn (see bench/run.sh) and 8 GB of memory
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
models=${1:-20000}
examples=${2:-10000}
targets=${3:-1000}
lambda=${4:-0.05}
ours=$(program bench_lasso_stage)
peer=$peers/lasso_stage_sklearn.py

machine
"$ours" make "$folder" "$models" "$examples" "$targets"
"$ours" run "$folder" "$lambda" | tee "$folder/ours.txt"
"$python" "$peer" run "$folder" "$lambda" | tee "$folder/theirs.txt"
"$python" "$peer" check "$folder" "$lambda"
awk -v xx="$(seconds "$folder/ours.txt" "X'X")" -v xy="$(seconds "$folder/ours.txt" "product X'Y")" \
  -v solve="$(seconds "$folder/ours.txt" 'one lambda')" \
  -v stage="$(seconds "$folder/ours.txt" 'whole stage')" \
  -v gram="$(seconds "$folder/theirs.txt" "product X'X")" \
  -v rest="$(seconds "$folder/theirs.txt" 'solve')" -v lambda="$lambda" 'BEGIN {
    ours = xx + xy + solve; theirs = gram + rest
    printf "lambda %s, products included: expunge %.3f s, scikit-learn %.2f s: ratio %.1f\n", \
      lambda, ours, theirs, theirs / ours
    printf "the whole stage %.3f s: %.1f times the two products (%.3f s), %.1f times those of its two phases; ", \
      stage, stage / (xx + xy), xx + xy, stage / (xx + xy) / 2
    printf "scikit-learn at one lambda takes %.1f times as long\n", theirs / stage }'
echo "targets: ratio 5; at most 5 times the products"
