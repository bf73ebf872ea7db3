#!/usr/bin/env bash
# The demonstration's stages in seconds, ours and PyTorch's, one after the other on the same
# machine: a table with the ratio of each. Both use the thresholded difference of means and batch 64
# for DMM, which are not the settings that the demonstration chose.
# Images and forget set are the same, seeds of models are not: the script fails if a p95 of retain
# or validation differs by more than .35, or one of forget by more than 1.0.
#
#   bench/stages.sh [DIR of Fashion-MNIST]
#
# needs bench_stages and a Python with numpy and torch (see bench/run.sh)
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
data=${1:-/usr/share/datasets/fashion-mnist}
ours=$(program bench_stages)

machine
"$ours" --threads "$threads" --data "$data" --share "$folder" | tee "$folder/ours.txt"
torch_python "$peers/quickstart_torch.py" --threads "$threads" --points "$folder" | tee "$folder/theirs.txt"

echo
awk '
  { name = substr($0, 3, 22); sub(/ +$/, "", name); rest = substr($0, 25) }
  FNR == 1 { ++file }
  /^  .* [0-9.]+ s$/ { time[file, name] = rest + 0; if (file == 1) stages[++stage_count] = name }
  /^  / && !/ s$/ && split(rest, scores, " ") == 3 {
    for (i = 1; i <= 3; ++i) p95[file, name, i] = scores[i]
    if (file == 1) rows[++row_count] = name
  }
  END {
    printf "%-22s %10s %10s %8s\n", "stage, seconds", "expunge", "PyTorch", "ratio"
    for (k = 1; k <= stage_count; ++k) {
      name = stages[k]
      if (!((2, name) in time)) { printf "PyTorch has no stage %s\n", name; void = 1; continue }
      printf "%-22s %10.3f %10.3f %8.1f\n", name, time[1, name], time[2, name],
        time[2, name] / (time[1, name] > 0 ? time[1, name] : 1e-9)
    }
    if (!stage_count || row_count < 5) { print "a program printed too little"; void = 1 }
    split("forget retain validation", split_name, " ")
    for (k = 1; k <= row_count; ++k)
      for (i = 1; i <= 3; ++i) {
        a = p95[1, rows[k], i]; b = p95[2, rows[k], i]; limit = i == 1 ? 1.0 : 0.35
        if (a !~ /^[0-9.]+$/ || b !~ /^[0-9.]+$/ || a - b > limit || b - a > limit) {
          printf "%s, %s: p95 %s and %s differ by more than %s\n", rows[k], split_name[i], a, b, limit
          void = 1
        }
      }
    if (void) { print "the programs do different things: the table is void"; exit 1 }
    print "p95 scores agree: within .35 on retain and validation, within 1.0 on forget"
  }' "$folder/ours.txt" "$folder/theirs.txt"
