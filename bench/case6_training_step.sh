#!/usr/bin/env bash
# Case 6, the whole training step: ResNet-9 at batch 64, fp32, forward in train mode, cross entropy,
# backward, SGD with momentum .9 and weight decay 5e-4, ours and PyTorch's. Ours twice: as it is,
# with Winograd's algorithm, and with the direct convolution alone.
#
#   bench/case6_training_step.sh [rounds, default 3]
#
# needs bench_training_step, bench_training_step_direct, bench_training_profile and a Python with
# numpy and torch (see bench/run.sh). One member on one core, then THREADS at once on as many:
# threads of ours, one-thread processes of PyTorch. Both start from the same weights and see the
# same images. The results are compared first: the script fails if they differ. Rounds alternate,
# and each program's quickest step after the warm-up counts. A ratio is against the better of
# PyTorch's two memory formats. The last table is where the time of ours goes.
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
rounds=${1:-3}
winograd=$(program bench_training_step)
direct=$(program bench_training_step_direct)
profile=$(program bench_training_profile)
peer=$peers/training_step_torch.py

# PyTorch allocates its tensors anew each step. Memory that the allocator keeps is quicker than
# memory that the kernel has to clear each time.
export MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=4294967295

machine
"$python" "$peer" make "$folder"
for steps in 1 3; do
  run=(--warm-up 0 --steps "$steps")
  torch_python "$peer" double "$folder" "${run[@]}"
  torch_python "$peer" run "$folder" "${run[@]}" > /dev/null
  for ours in "$winograd" "$direct"; do
    "$ours" --data "$folder" "${run[@]}" > /dev/null
    "$python" "$peer" compare "$folder" "${run[@]}" --who "$(basename "$ours")"
  done
done

members=(1)
if [ "$threads" -gt 1 ]; then members+=("$threads"); fi
for round in $(seq "$rounds"); do
  for count in "${members[@]}"; do
    for ours in "$winograd" "$direct"; do
      "$ours" --data "$folder" --threads "$count"
    done
    for memory in nhwc nchw; do
      torch_python "$peer" run "$folder" --processes "$count" --format "$memory"
    done
  done > "$folder/times_$round.txt"
done
"$python" "$peer" table "$folder"
echo
"$profile" --data "$folder" --steps 10
