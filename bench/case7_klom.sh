#!/usr/bin/env bash
# KLoM against the numpy reference on shared random margins: 200 + 200 models, 60,000 points,
# float32, one thread each. Fails unless the scores agree to 1e-12, then prints the ratio of times
# per point, the best of five runs after a warm-up.
#
#   bench/case7_klom.sh [points that numpy scores, default 5000]
#
# needs bench_klom and a Python with numpy (see bench/run.sh)
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
points=${1:-5000}
ours=$(program bench_klom)
peer=$peers/klom_numpy.py

machine
"$python" "$peer" make "$folder"
"$ours" "$folder/oracle.npy" "$folder/unlearned.npy" "$folder/klom_scores.npy" | tee "$folder/ours.txt"
"$python" "$peer" score "$folder" "$points" | tee "$folder/theirs.txt"
"$python" "$peer" compare "$folder"
time_of() { sed -n 's/.*: \([0-9.]*\) us per point/\1/p' "$1" | sort -n | head -1 | grep .; }
awk -v ours="$(time_of "$folder/ours.txt")" -v theirs="$(time_of "$folder/theirs.txt")" \
  'BEGIN { printf "numpy %.1f us, expunge %.3f us per point: ratio %.0f (target 100)\n", theirs, ours, theirs / ours }'
