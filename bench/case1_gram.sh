#!/usr/bin/env bash
# X'X of packed masks, 4096 examples, 8192 models, exact, against numpy's float32 product on the same
# threads. Checks that all integers are equal, then prints the ratio.
#
#   bench/case1_gram.sh [python with numpy]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${1:-python3}
export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SKYLAKEX}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
includes=()
for candidate in /usr/include/eigen3 /usr/local/include/eigen3; do
  if [ -d "$candidate" ]; then includes+=(-isystem "$candidate"); fi
done
"${CXX:-g++}" -std=c++20 -O3 -march=native -I"$root/include" "${includes[@]}" \
  "$root/bench/gram.cpp" -o "$folder/gram" -pthread
peer="$root/bench/peers/gram_numpy.py"
"$python" "$peer" make "$folder" 8192 4096
echo "OPENBLAS_CORETYPE=$OPENBLAS_CORETYPE"
for round in 1 2; do
  "$folder/gram" "$folder/masks.npy" "$folder/gram.npy" | tee -a "$folder/ours.txt"
  "$python" "$peer" time "$folder" | tee -a "$folder/theirs.txt"
done
"$python" "$peer" compare "$folder" "$folder/gram.npy"
time_of() { sed -n 's/.*: \([0-9.]*\) s$/\1/p' "$1" | sort -n | head -1; }
awk -v ours="$(time_of "$folder/ours.txt")" -v theirs="$(time_of "$folder/theirs.txt")" \
  'BEGIN { printf "equal; numpy %.4f s, expunge %.4f s: ratio %.1f (target 5)\n", theirs, ours, theirs / ours }'
