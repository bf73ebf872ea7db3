#!/usr/bin/env bash
# Case 6, its convolutions: those of ResNet-9 at batch 64, fp32, one thread, ours and PyTorch's.
#
#   bench/case6_convolution.sh [rounds, default 2]
#
# needs bench_convolution and a Python with numpy and torch (see bench/run.sh). The results are
# compared first: the script fails if they differ. Rounds alternate, and the best of each counts.
# A ratio is against the better of PyTorch's two memory formats.
export THREADS=1
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
rounds=${1:-2}
ours=$(program bench_convolution)
peer=$peers/convolution_torch.py

machine
"$python" "$peer" make "$folder"
"$ours" --data "$folder" --repeats 1 > "$folder/warm-up"
torch_python "$peer" run "$folder" --repeats 1 > "$folder/warm-up"
"$python" "$peer" compare "$folder"
for round in $(seq "$rounds"); do
  "$ours" --data "$folder" > "$folder/ours_$round.txt"
  torch_python "$peer" run "$folder" > "$folder/torch_$round.txt"
done
"$python" "$peer" table "$folder"
