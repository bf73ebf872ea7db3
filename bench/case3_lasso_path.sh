#!/usr/bin/env bash
# A path of 100 penalties down to .01 of lambda_max for 100 targets, 2000 models of 2000 examples,
# against scikit-learn's lasso_path(precompute=G), celer and glmnet (where installed; those two run on
# 10 targets and are scaled up). KKT residuals of ours and scikit-learn's are checked in double.
#
#   bench/case3_lasso_path.sh [python with scikit-learn] [sparse|heavy] [targets, default 100]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${1:-python3}
kind=${2:-sparse}
targets=${3:-100}
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
"$python" "$peer" make "$folder" 2000 2000 "$targets" "$kind"
echo "$kind effects, OPENBLAS_CORETYPE=$OPENBLAS_CORETYPE"
"$folder/lasso" "$folder/masks.npy" "$folder/outputs.npy" path 100 0.01 "$folder/ours.npy" \
  | tee "$folder/ours.txt"
"$python" "$peer" path "$folder" 100 0.01 1 | tee "$folder/theirs.txt"
"$folder/lasso" "$folder/masks.npy" "$folder/outputs.npy" path 100 0.01 "$folder/ours.npy" \
  | tee -a "$folder/ours.txt"
"$python" "$peer" check "$folder" "$folder/ours.npy" path 100 0.01
"$python" "$peer" check "$folder" "$folder/sklearn_path.npy" path 100 0.01
if command -v Rscript > /dev/null; then
  "$python" -c "
import numpy as np, sys
m, y = np.load(sys.argv[1] + '/masks.npy'), np.load(sys.argv[1] + '/outputs.npy')
m.astype(np.uint8).tofile(sys.argv[1] + '/masks.raw')
y.tofile(sys.argv[1] + '/outputs.raw')
open(sys.argv[1] + '/shape.txt', 'w').write(f'{m.shape[0]} {m.shape[1]} {y.shape[1]}')" "$folder"
  Rscript "$root/bench/peers/lasso_glmnet.R" "$folder" 100 0.01 10 | tee "$folder/glmnet.txt"
fi
best() { sed -n "s/.*$2.*: \([0-9.]*\) s$/\1/p" "$1" | sort -n | head -1; }
ours=$(best "$folder/ours.txt" solve)
ratio() {
  if [ -n "$2" ]; then
    awk -v name="$1" -v theirs="$2" -v ours="$ours" \
      'BEGIN { printf "%s %.2f s, expunge %.3f s: ratio %.1f (target 5)\n", name, theirs, ours, theirs / ours }'
  fi
}
ratio "scikit-learn lasso_path" "$(best "$folder/theirs.txt" lasso_path)"
ratio "celer" "$(best "$folder/theirs.txt" celer_path)"
if [ -f "$folder/glmnet.txt" ]; then
  ratio "glmnet" "$(sed -n 's/.*, \([0-9.]*\) s for.*/\1/p' "$folder/glmnet.txt")"
fi
