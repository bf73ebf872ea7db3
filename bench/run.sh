# Sourced by the drivers of this folder: where things are, and what they all need.
#
#   BENCH     the folder of the bench programs    (default build/release/bench)
#   PYTHON    a Python with numpy and the peer    (default python3)
#   THREADS   cores to use, where a driver says so (default all)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
peers=$root/bench/peers
bench=${BENCH:-$root/build/release/bench}
python=${PYTHON:-python3}
threads=${THREADS:-$(nproc)}
# Older OpenBLAS does not know newer processors. Without AVX-512 these kernels would end the
# program.
if grep -qw avx512f /proc/cpuinfo; then
  export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SKYLAKEX}
fi

# The program's path, or how to build it.
program() {
  if [ ! -x "$bench/$1" ]; then
    echo "there is no $bench/$1. Build it:" >&2
    echo "  cmake --preset release -DEXPUNGE_BUILD_BENCHMARKS=ON && cmake --build --preset release --target $1" >&2
    echo "or name the folder where it is by BENCH." >&2
    exit 1
  fi
  echo "$bench/$1"
}

machine() {
  echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $threads threads;" \
    "OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-not set}"
}

folder=$(mktemp -d)  # removed at the end
trap 'rm -rf "$folder"' EXIT

# PyTorch's MKL may use its own kernels on an AMD processor, which makes that peer quicker.
torch_python() {
  local shim=""
  if grep -q AuthenticAMD /proc/cpuinfo && command -v cc > /dev/null; then
    shim=$folder/shim.so
    if [ ! -f "$shim" ]; then
      echo 'int mkl_serv_intel_cpu_true(void) { return 1; }' > "$folder/shim.c"
      cc -shared -fPIC -o "$shim" "$folder/shim.c"
    fi
  fi
  LD_PRELOAD=$shim "$python" "$@"
}

# seconds FILE [WORDS]: the smallest "...WORDS...: 1.234 s" of a file.
seconds() { sed -n "s/.*${2:-}.*: \([0-9.]*\) s\( .*\)\?$/\1/p" "$1" | sort -n | head -1 | grep .; }
