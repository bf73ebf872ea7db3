#!/usr/bin/env bash
# X'X of packed masks, 4096 examples, 8192 models, exact, against numpy's float32 product on the
# same threads. Fails unless all integers are equal, then prints the ratio of the best of five runs.
#
#   bench/case1_gram.sh          needs bench_gram and a Python with numpy (see bench/run.sh)
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
ours=$(program bench_gram)
peer=$peers/gram_numpy.py

machine
"$python" "$peer" make "$folder" 8192 4096
"$ours" "$folder/masks.npy" "$folder/gram.npy" | tee "$folder/ours.txt"
"$python" "$peer" time "$folder" | tee "$folder/theirs.txt"
"$python" "$peer" compare "$folder" "$folder/gram.npy"
awk -v ours="$(seconds "$folder/ours.txt")" -v theirs="$(seconds "$folder/theirs.txt")" \
  'BEGIN { printf "equal; numpy %.4f s, expunge %.4f s: ratio %.1f (target 5)\n", theirs, ours, theirs / ours }'
