#!/usr/bin/env bash
# TRAK features of 2,048 examples of an MLP 784-256-256-10, k = 512, against PyTorch's vmap of
# gradients and the BasicProjector of traker. Fails unless both keep inner products as well, then
# prints ratios.
#
#   bench/case8_trak.sh
#
# needs bench_trak and a Python with torch and traker (see bench/run.sh)
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
ours=$(program bench_trak)
peer=$peers/trak_features.py

machine
"$python" "$peer" make "$folder"
"$ours" --data "$folder" --threads "$threads" | tee "$folder/ours.txt"
torch_python "$peer" run "$folder" --threads "$threads" | tee "$folder/theirs.txt"
"$python" "$peer" compare "$folder"
ratio() { awk -v ours="$2" -v theirs="$3" -v what="$1" 'BEGIN { printf "%s: ratio %.1f\n", what, theirs / ours }'; }
ratio "features" "$(seconds "$folder/ours.txt" features)" "$(seconds "$folder/theirs.txt" features)"
ratio "projection (target 5)" "$(seconds "$folder/ours.txt" sketch)" "$(seconds "$folder/theirs.txt" projection)"
