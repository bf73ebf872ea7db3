#!/usr/bin/env bash
# Case 5: 16 MLPs 784-256-256-10, batch 256, 200 steps of SGD, fp32, ours and PyTorch's.
#
#   bench/case5_mlp.sh [rounds, default 5]
#
# needs bench_mlp and a Python with numpy and torch (see bench/run.sh). Rounds alternate, and each
# program's best round counts. The results are compared first: the script fails if they differ.
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
rounds=${1:-5}
ours=$(program bench_mlp)
peer=$peers/mlp_torch.py
data=$folder

rate() {  # the number beside images/s; a program that prints none ends the script
  sed -nE 's/.*images\/s ([0-9]+).*/\1/p; s/.*[^0-9]([0-9]+) images\/s.*/\1/p' | tail -1 | grep .
}
run_ours() { "$ours" --data "$data" --threads "$threads" --repeats 1 | rate; }
run_torch() {  # mode, optimiser
  torch_python "$peer" run "$data" --threads "$threads" --repeats 1 --mode "$1" \
    --optimizer "$2" | rate
}
larger() { if [ "$1" -gt "$2" ]; then echo "$1"; else echo "$2"; fi; }

machine
"$python" "$peer" make "$data"
for data in "$folder/first" "$folder"; do  # also the warm-up
  run_ours > /dev/null
  run_torch processes plain > /dev/null
  "$python" "$peer" compare "$data"
done

best_ours=0
declare -A best=([processes]=0 [threads]=0 [stacked]=0)
for round in $(seq "$rounds"); do
  rate_now=$(run_ours)
  best_ours=$(larger "$rate_now" "$best_ours")
  for optimizer in plain foreach fused; do
    rate_now=$(run_torch processes $optimizer)
    best[processes]=$(larger "$rate_now" "${best[processes]}")
  done
  rate_now=$(run_ours)
  best_ours=$(larger "$rate_now" "$best_ours")
  for mode in threads stacked; do
    rate_now=$(run_torch $mode plain)
    best[$mode]=$(larger "$rate_now" "${best[$mode]}")
  done
done

printf '%-44s %10s %8s\n' program images/s ratio
printf '%-44s %10d %8s\n' "expunge, fp32" "$best_ours" 1
for mode in processes threads stacked; do
  printf '%-44s %10d %8.2f\n' "torch $mode" "${best[$mode]}" \
    "$(awk "BEGIN { print $best_ours / ${best[$mode]} }")"
done
