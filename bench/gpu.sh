#!/usr/bin/env bash
# Cases 9 to 11 on a machine with an NVIDIA GPU: builds, runs the tests on the device, measures ours and
# PyTorch's, and prints one table. What it prints belongs into docs/measurements/.
#
#   bench/gpu.sh [options of bench_gpu]
#
# Needs nvcc; PYTHON with torch for the peer, which is left out without it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/cuda

command -v nvidia-smi > /dev/null || { echo "bench/gpu.sh needs an NVIDIA GPU: there is no nvidia-smi" >&2; exit 1; }
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader
nvcc --version | tail -2 | head -1
cmake --preset cuda > /dev/null
cmake --build "$build" --target bench_gpu test_cuda_device > "$build/build.log" || {
  tail -n 40 "$build/build.log" >&2
  exit 1
}

echo; echo "## Tests on the device"
"$build/tests/cuda/device/test_cuda_device" | tail -n 3
if command -v compute-sanitizer > /dev/null; then
  compute-sanitizer --error-exitcode 1 "$build/tests/cuda/device/test_cuda_device" \
    --test-case='layers*,training*' | tail -n 1
fi

echo; echo "## Ours"
"$build/bench/bench_gpu" "$@"
echo; echo "## PyTorch"
if "${PYTHON:-python3}" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2> /dev/null; then
  (cd bench/peers && "${PYTHON:-python3}" gpu_torch.py)
else
  echo "left out: ${PYTHON:-python3} has no torch that sees the GPU"
fi
