#!/usr/bin/env bash
# The command on a synthetic EasyDUB data set of 200 models and 60,000 points: the whole table, with
# floors and intervals, on all cores; five runs after a warm-up. Prints time and peak memory of
# each.
#
#   bench/easydub.sh
#
# needs expunge (COMMAND, default build/release/examples/cli/expunge) and a Python with numpy
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"
command=${COMMAND:-$root/build/release/examples/cli/expunge}

machine
"$python" "$peers/make_easydub_data.py" "$folder/data" 200 50000 10000
for run in warm-up 1 2 3 4 5; do
  echo "$run: $("$command" easydub --data-dir "$folder/data" --forget-set 3 --n-models 200 | tail -1)"
done
"$command" easydub --data-dir "$folder/data" --forget-set 3 --n-models 200 | sed -n '6,12p'
echo "target: below 5 s on two cores"
