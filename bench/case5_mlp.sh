#!/bin/bash
# Case 5: 16 MLPs 784-256-256-10, batch 256, 200 steps of SGD, fp32, ours and PyTorch's.
#
#   bench/case5_mlp.sh PATH/TO/bench_mlp [rounds]
#
# PYTHON names a Python with numpy and torch, THREADS the number of cores to use. bench_mlp takes
# --data DIR, --threads T and --repeats R, writes DIR/theta_ours.npy and prints images/s. Rounds
# alternate; each program's best round counts.
# The results are compared first: if they differ the row is void. On an AMD processor PyTorch's MKL
# is told that it may use its own kernels, which makes the peer quicker.
set -euo pipefail

ours=${1:?usage: case5_mlp.sh PATH/TO/bench_mlp [rounds]}
rounds=${2:-5}
python=${PYTHON:-python3}
threads=${THREADS:-$(nproc)}
here=$(cd "$(dirname "$0")" && pwd)
peer="$here/peers/mlp_torch.py"
data=$(mktemp -d)
trap 'rm -rf "${whole:-$data}"' EXIT

shim=""
if grep -q AuthenticAMD /proc/cpuinfo && command -v cc > /dev/null; then
  echo 'int mkl_serv_intel_cpu_true(void) { return 1; }' > "$data/shim.c"
  cc -shared -fPIC -o "$data/shim.so" "$data/shim.c" && shim="$data/shim.so"
fi

rate() {  # the number beside images/s; a program that prints none ends the script
  sed -nE 's/.*images\/s ([0-9]+).*/\1/p; s/.*[^0-9]([0-9]+) images\/s.*/\1/p' | tail -1 | grep .
}
run_ours() { "$ours" --data "$data" --threads "$threads" --repeats 1 | rate; }
run_torch() {  # mode, optimiser
  LD_PRELOAD=$shim "$python" "$peer" run "$data" --threads "$threads" --repeats 1 --mode "$1" \
    --optimizer "$2" | rate
}
larger() { if [ "$1" -gt "$2" ]; then echo "$1"; else echo "$2"; fi; }

echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $threads threads, fp32"
"$python" "$peer" make "$data"
whole=$data
for data in "$whole/first" "$whole"; do  # also the warm-up
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
