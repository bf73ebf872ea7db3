#!/usr/bin/env bash
# A path of 100 penalties down to .01 of lambda_max for 100 targets, 2000 models of 2000 examples,
# against scikit-learn's lasso_path(precompute=G), celer and glmnet (where installed; those two run
# on 10 targets and are scaled up). Both of a row take the same number of runs, see the peers'
# output. A row is void unless the objectives agree, at every penalty of every target that the peer
# solved: to 1e-5 and with KKT residuals below 1e-3 for scikit-learn, which fails the script, to
# 1e-4 for the other two.
#
#   bench/case3_lasso_path.sh [sparse|heavy] [targets, default 100]
#
# needs bench_lasso and a Python with scikit-learn (see bench/run.sh); Rscript with glmnet if there
# is
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
kind=${1:-sparse}
targets=${2:-100}
ours=$(program bench_lasso)
peer=$peers/lasso_sklearn.py

machine
echo "$kind effects"
"$python" "$peer" make "$folder" 2000 2000 "$targets" "$kind"
"$python" "$peer" path "$folder" 100 0.01 | tee "$folder/theirs.txt"
runs=$(sed -n 's/.*lasso_path.*best of \([0-9]*\).*/\1/p' "$folder/theirs.txt")
"$ours" "$folder/masks.npy" "$folder/outputs.npy" path 100 0.01 "$folder/ours.npy" "$runs" \
  | tee "$folder/ours.txt"
"$python" "$peer" check "$folder" "$folder/ours.npy" "$folder/sklearn_path.npy" path 100 0.01
if command -v Rscript > /dev/null && Rscript -e 'library(glmnet)' > /dev/null 2>&1; then
  "$python" "$peer" raw "$folder"
  Rscript "$peers/lasso_glmnet.R" "$folder" 100 0.01 10 | tee -a "$folder/theirs.txt"
fi

ours_seconds=$(seconds "$folder/ours.txt" solve)
row() {  # name, words of its line, its weights if they are still to be compared
  local theirs
  theirs=$(seconds "$folder/theirs.txt" "$2") || return 0
  if [ -n "${3:-}" ] && ! "$python" "$peer" agree "$folder" "$folder/ours.npy" "$3" 100 0.01; then
    echo "$1: void, its objective is another"
    return
  fi
  awk -v name="$1" -v theirs="$theirs" -v ours="$ours_seconds" \
    'BEGIN { printf "%s %.2f s, expunge %.3f s: ratio %.1f (target 5)\n", name, theirs, ours, theirs / ours }'
}
row "scikit-learn lasso_path" lasso_path
row celer celer_path "$folder/celer.npy"
row glmnet glmnet "$folder/glmnet.raw"
