#!/usr/bin/env bash
# LASSO at one penalty, n = m = t = 2000, lambda .2 and .05 of lambda_max, against scikit-learn's
# Lasso(precompute=G) with a 2-D y and one target at a time. The Gram matrix is given to both; X'Y is
# part of both times. KKT residuals of both are checked in double.
#
#   bench/case2_lasso.sh [python with scikit-learn] [sparse|heavy] [size, default 2000]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${1:-python3}
kind=${2:-sparse}
size=${3:-2000}
export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SKYLAKEX}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
includes=()
for candidate in /usr/include/eigen3 /usr/local/include/eigen3; do
  if [ -d "$candidate" ]; then includes+=(-isystem "$candidate"); fi
done
"${CXX:-g++}" -std=c++20 -O3 -march=native -I"$root/include" "${includes[@]}" \
  "$root/bench/lasso.cpp" -o "$folder/lasso" -pthread
peer="$root/bench/peers/lasso_sklearn.py"
"$python" "$peer" make "$folder" "$size" "$size" "$size" "$kind"
echo "$kind effects, OPENBLAS_CORETYPE=$OPENBLAS_CORETYPE"
for lambda in 0.2 0.05; do
  for round in 1 2; do
    "$folder/lasso" "$folder/masks.npy" "$folder/outputs.npy" single $lambda \
      "$folder/ours_$lambda.npy" | tee -a "$folder/ours_$lambda.txt"
    "$python" "$peer" single "$folder" $lambda 3 | tee -a "$folder/theirs_$lambda.txt"
  done
  "$python" "$peer" check "$folder" "$folder/ours_$lambda.npy" $lambda
  "$python" "$peer" check "$folder" "$folder/sklearn_$lambda.npy" $lambda
done
best() { sed -n "s/.*$2.*: \([0-9.]*\) s$/\1/p" "$1" | sort -n | head -1; }
for lambda in 0.2 0.05; do
  awk -v products="$(best "$folder/ours_$lambda.txt" products)" \
    -v solve="$(best "$folder/ours_$lambda.txt" solve)" \
    -v flat="$(best "$folder/theirs_$lambda.txt" 2-D)" \
    -v single="$(best "$folder/theirs_$lambda.txt" 'one at')" -v lambda=$lambda 'BEGIN {
      ours = products + solve
      printf "lambda %s: expunge %.4f s (X\x27Y %.4f, solve %.4f); ", lambda, ours, products, solve
      printf "scikit-learn 2-D %.3f s: ratio %.1f; one at a time %.2f s: ratio %.1f\n", \
        flat, flat / ours, single, single / ours }'
done
echo "targets: 40 and 4 (2-D), 300 and 25 (one at a time)"
