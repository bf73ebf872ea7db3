#!/usr/bin/env bash
# The demonstration's stages in seconds, ours and PyTorch's, one after the other on the same machine.
#
#   bench/stages.sh PATH/TO/bench_stages
#
# PYTHON names a Python with numpy and torch, THREADS the cores to use. The scores of both are printed
# below the times: they must agree to about 0.3, the spread between seeds, or the times mean nothing.
set -euo pipefail

ours=${1:?usage: stages.sh PATH/TO/bench_stages}
python=${PYTHON:-python3}
threads=${THREADS:-$(nproc)}
here=$(cd "$(dirname "$0")" && pwd)

shim=""
if grep -q AuthenticAMD /proc/cpuinfo && command -v cc > /dev/null; then  # let MKL use its own kernels
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  echo 'int mkl_serv_intel_cpu_true(void) { return 1; }' > "$folder/shim.c"
  cc -shared -fPIC -o "$folder/shim.so" "$folder/shim.c" && shim="$folder/shim.so"
fi

echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $threads threads"
"$ours" --threads "$threads"
LD_PRELOAD=$shim OPENBLAS_CORETYPE=SKYLAKEX "$python" "$here/peers/quickstart_torch.py" --threads "$threads"
