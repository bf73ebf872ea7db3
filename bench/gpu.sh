#!/usr/bin/env bash
# Cases 9 to 14 on a machine with an NVIDIA GPU: builds, runs the tests on the device, measures ours
# and the peers', bytes and operations of every layer too, and prints one table. What it prints
# belongs into docs/measurements/.
#
#   bench/gpu.sh [--images N] [--mlps M] [--resnets R] [--unlearn U] [--lasso MODELS,EXAMPLES,TARGETS]
#
# Needs nvcc; PYTHON with torch, traker and cupy for the peers, which are left out without them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/cuda
python=${PYTHON:-python3}
lasso=20000,10000,10000
sizes=()
peer_sizes=()
while [ $# -gt 0 ]; do
  [ $# -gt 1 ] || { sed -n "2,8s/^# \?//p" bench/gpu.sh; exit 2; }
  case "$1" in
    --lasso) lasso=$2 ;;
    --resnets) sizes+=("$1" "$2") ;;
    --images | --mlps | --unlearn) sizes+=("$1" "$2") peer_sizes+=("$1" "$2") ;;
    *) echo "bench/gpu.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done

command -v nvidia-smi > /dev/null || { echo "bench/gpu.sh needs an NVIDIA GPU: there is no nvidia-smi" >&2; exit 1; }
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader
nvcc --version | tail -2 | head -1
cmake --preset cuda > /dev/null
cmake --build "$build" --target bench_gpu bench_gpu_layers bench_gpu_lasso bench_gpu_trak \
  bench_lasso_stage test_cuda_device > "$build/build.log" || {
  tail -n 40 "$build/build.log" >&2
  exit 1
}

# What fails is said and does not keep the rest from running; the script ends with 1 then.
failed=0
check() {  # LOG COMMAND...: the last lines; if it fails, many
  local log=$1
  shift
  if "$@" > "$log" 2>&1; then tail -n 3 "$log"; else failed=1; tail -n 60 "$log"; fi
}
peer() { "$python" "$@" || echo "the peer failed: nothing to compare with"; }

echo; echo "## Tests on the device"
tests=$build/tests/cuda/device/test_cuda_device
check "$build/device_tests.log" "$tests"
if command -v compute-sanitizer > /dev/null; then
  check "$build/sanitizer.log" compute-sanitizer --error-exitcode 1 --report-api-errors no "$tests" \
    --test-case='layers*,sums*,a step is*,products and*,training*,images*,gradient*,matching*,Gauss*,LASSO*,TRAK*,KLoM*'
fi

echo; echo "## Layers of ResNet-9"
"$build/bench/bench_gpu_layers" || failed=1

echo; echo "## Networks"
"$build/bench/bench_gpu" "${sizes[@]}" || failed=1
echo; echo "## Networks, PyTorch"
if "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2> /dev/null; then
  peer bench/peers/gpu_torch.py "${peer_sizes[@]}"
else
  echo "left out: $python has no torch that sees the GPU"
fi

echo; echo "## LASSO"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
IFS=, read -r models examples targets <<< "$lasso"
"$build/bench/bench_lasso_stage" make "$folder" "$models" "$examples" "$targets"
"$build/bench/bench_gpu_lasso" "$folder" || failed=1
echo; echo "## LASSO, FISTA by products"
if "$python" -c 'import cupy; cupy.zeros(1)' 2> /dev/null; then
  peer bench/peers/gpu_fista.py "$folder"
else
  echo "left out: $python has no cupy that sees the GPU"
fi

echo; echo "## TRAK features"
"$build/bench/bench_gpu_trak" || failed=1
echo; echo "## TRAK features, traker"
if "$python" -c 'import torch, trak, sys; sys.exit(not torch.cuda.is_available())' 2> /dev/null; then
  peer bench/peers/gpu_trak.py
else
  echo "left out: $python has no traker, or no torch that sees the GPU"
fi
exit "$failed"
