#!/usr/bin/env bash
# LASSO at one penalty, n = m = t = 2000, lambda .2 and .05 of lambda_max, against scikit-learn's
# Lasso(precompute=G) with a 2-D y and one target at a time. The Gram matrix is given to both; X'Y
# is part of both times. "One at a time" is measured on 50 targets and scaled up to all.
# Both take the same number of runs: the best of five after a warm-up, fewer where scikit-learn
# takes more than 20 s a run. Fails if the solutions disagree.
#
#   bench/case2_lasso.sh [sparse|heavy] [size, default 2000]
#
# needs bench_lasso and a Python with scikit-learn (see bench/run.sh)
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
kind=${1:-sparse}
size=${2:-2000}
ours=$(program bench_lasso)
peer=$peers/lasso_sklearn.py

machine
echo "$kind effects, $size models, examples and targets"
"$python" "$peer" make "$folder" "$size" "$size" "$size" "$kind"
for lambda in 0.2 0.05; do
  "$python" "$peer" single "$folder" $lambda | tee "$folder/theirs_$lambda.txt"
  runs=$(sed -n 's/.*2-D.*best of \([0-9]*\).*/\1/p' "$folder/theirs_$lambda.txt")
  "$ours" "$folder/masks.npy" "$folder/outputs.npy" single $lambda "$folder/ours_$lambda.npy" \
    "$runs" | tee "$folder/ours_$lambda.txt"
  "$python" "$peer" check "$folder" "$folder/ours_$lambda.npy" "$folder/sklearn_$lambda.npy" $lambda
  awk -v products="$(seconds "$folder/ours_$lambda.txt" products)" \
    -v solve="$(seconds "$folder/ours_$lambda.txt" solve)" \
    -v flat="$(seconds "$folder/theirs_$lambda.txt" 2-D)" \
    -v single="$(seconds "$folder/theirs_$lambda.txt" 'one at')" -v lambda=$lambda 'BEGIN {
      ours = products + solve
      printf "lambda %s: expunge %.4f s (X\x27Y %.4f, solve %.4f); ", lambda, ours, products, solve
      printf "scikit-learn 2-D %.3f s: ratio %.1f; one at a time %.2f s: ratio %.1f\n", \
        flat, flat / ours, single, single / ours }' | tee -a "$folder/summary.txt"
done
echo
cat "$folder/summary.txt"
echo "targets: 40 and 4 (2-D), 300 and 25 (one at a time)"
