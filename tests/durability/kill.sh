#!/usr/bin/env bash
# Kills programs with kill -9 at random moments and looks at what they left behind.
#
#   bash tests/durability/kill.sh [OPTIONS] [KILLS]      KILLS of each kind, default 100
#
#   every writer    a program that rewrites one file with each writer, without end
#   the command     klom, epsilon and predict, whose outputs are rewritten without end
#   expunge fit     started again after every kill, until it ends; then from the beginning
#   demonstration   the same with quickstart --scale 0.1, where --demonstration asks for it
#
# After every kill each file is whole, and the old one or the new one; what was stored stays stored.
# At the end the bytes are those of an undisturbed run, and the temporary files that the kills left
# are gone.
#
#   --demonstration N            also N kills of the demonstration (minutes; builds it if need be)
#   --seed N                     of the moments; printed
#   --programs EVERY_WRITER EXPUNGE   instead of building them in build/test
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

kills=100 demonstration=0 seed=$((RANDOM)) programs=no
while [ $# -gt 0 ]; do
  case "$1" in
    --demonstration) demonstration=$2; shift ;;
    --seed) seed=$2; shift ;;
    --programs) every_writer=$(realpath "$2") expunge=$(realpath "$3") programs=yes; shift 2 ;;
    -h | --help) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit ;;
    *) kills=$1 ;;
  esac
  shift
done
[ "$programs" = yes ] || build_programs
RANDOM=$seed
set -m  # a job is a process group, so that a kill reaches the job's children
make_scratch
mkdir "$scratch/inputs"
"$every_writer" inputs "$scratch/inputs"

now_us() { echo "${EPOCHREALTIME/[.,]/}"; }
# pause MICROSECONDS: a random time up to that.
pause() {
  sleep "$(awk -v most="$1" -v draw="$((RANDOM * 32768 + RANDOM))" \
    'BEGIN { printf "%.6f", 1e-6 * most * draw / 1073741824 }')"
}
# kill_now PID: whether the job was still running. Waits for its children too, two seconds at most
# (who is dead and not yet waited for counts as there): one that is still being killed holds its files.
kill_now() {
  local alive=0 i
  kill -9 -- "-$1" 2>/dev/null || alive=1
  { wait "$1"; } 2>/dev/null && alive=1
  for ((i = 0; i < 200; ++i)); do
    kill -0 -- "-$1" 2>/dev/null || break
    sleep 0.01
  done
  return "$alive"
}

# rewrite_and_kill NAME LIMIT_US COMMAND...: runs what rewrites files in $scratch/NAME for ever, and
# kills it.
rewrite_and_kill() {
  local name=$1 limit=$2 left=0 i
  local folder=$scratch/$name old=$scratch/$name.old new=$scratch/$name.new
  shift 2
  looked_at=0
  cp -r "$old" "$folder"
  for ((i = 0; i < kills; ++i)); do
    (cd "$folder" && exec "$@") >/dev/null 2>&1 &
    local job=$!
    pause "$limit"
    kill_now "$job" || wrong "$name: ended by itself"
    look_at "$folder" "$old" "$new"
    left=$left_over
  done
  echo "$name: $kills kills, $looked_at files looked at," \
    "$left temporary files left over by the kills"
}

kill_writers() {
  mkdir "$scratch/writers.old" "$scratch/writers.new"
  "$every_writer" write "$scratch/writers.old" 1
  "$every_writer" write "$scratch/writers.new" 2
  rewrite_and_kill writers 300000 "$every_writer" forever .
  "$every_writer" write "$scratch/writers" 2
  same "$scratch/writers" "$scratch/writers.new" "every writer"
  none_left "$scratch/writers" "every writer, after the last run"
}

outputs_forever() {
  while :; do write_outputs 1; write_outputs 2; done
}

kill_outputs() {
  export -f outputs_forever write_outputs outputs_of
  export expunge scratch
  mkdir "$scratch/outputs.old" "$scratch/outputs.new"
  (cd "$scratch/outputs.old" && write_outputs 1)
  local begin
  begin=$(now_us)
  (cd "$scratch/outputs.new" && write_outputs 2)
  rewrite_and_kill outputs $(($(now_us) - begin)) bash -c outputs_forever
  (cd "$scratch/outputs" && write_outputs 2)
  same "$scratch/outputs" "$scratch/outputs.new" "the command"
  none_left "$scratch/outputs" "the command, after the last run"
}

# stored FOLDER PATTERN: what is stored, with the moment when it was written.
stored() {
  (cd "$1" && find . -type f -path "$2" ! -name '*.partial' -printf '%p %T@ %s\n' | LC_ALL=C sort)
}

# ran_to_end FOLDER NAME COMPARE: what a run that ended leaves.
ran_to_end() {
  "$3" "$1" "$1.whole" "$2"
  none_left "$1" "$2, after a run to the end"
}

# resume_and_kill NAME TIMES PATTERN DONE SAME COMMAND...: starts the command in $scratch/NAME again
# after every kill; PATTERN: its stored stages; DONE: the file that it writes last; SAME compares
# the end with NAME.whole.
resume_and_kill() {
  local name=$1 times=$2 pattern=$3 last=$4 compare=$5
  local killed=0 ended=0 kept=0 most=0 before lost left
  local folder=$scratch/$name begin limit
  shift 5
  mkdir "$folder.whole" "$folder"
  begin=$(now_us)
  (cd "$folder.whole" && "$@" >/dev/null 2>&1) || wrong "$name: the undisturbed run failed"
  limit=$(($(now_us) - begin))
  while [ "$killed" -lt "$times" ]; do
    before=$(stored "$folder" "$pattern")
    (cd "$folder" && exec "$@") >/dev/null 2>&1 &
    local job=$!
    pause "$limit"
    if kill_now "$job"; then
      killed=$((killed + 1))
      left=$(files_below "$folder" | grep -c '\.partial$' || true)
      most=$((left > most ? left : most))
      if [ -n "$before" ] && [ ! -e "$folder/$last" ]; then
        kept=$((kept + $(wc -l <<<"$before")))
        lost=$(LC_ALL=C comm -23 <(echo "$before") <(stored "$folder" "$pattern"))
        [ -z "$lost" ] || wrong "$name: stored stages were lost or made again: $lost"
      fi
    else
      ended=$((ended + 1))
      ran_to_end "$folder" "$name" "$compare"
      rm -rf "$folder"
      mkdir "$folder"
    fi
  done
  (cd "$folder" && "$@" >/dev/null 2>&1) || wrong "$name: the last run failed"
  ran_to_end "$folder" "$name" "$compare"
  echo "$name: $killed kills of a run of $((limit / 1000)) ms, $((ended + 1)) runs to the end" \
    "with the same bytes, $kept stored stages found again, at most $most temporary files left over" \
    "by a kill, none at the end"
}

# What an undisturbed demonstration and another share: all but times, memory and date. A run that
# found stages of an earlier one lists fewer, and has "no value" for the time of what it did not run.
without_times() {
  sed -E '/"stages": \[/,/^ *\],?$/d; /"(seconds|peak_memory_bytes|date)":/d;
    /<caption>Time by stage/,/<\/table>/d; /<dt>(date|peak memory)</d;
    s/<td>([0-9]+ min )?[0-9.]+ s<\/td>|<td class="none">no value<\/td>/<td>TIME<\/td>/g' "$1"
}
same_demonstration() {
  local file
  while read -r file; do
    case "$file" in
      */results.json | */report.html)
        cmp -s <(without_times "$1/$file") <(without_times "$2/$file") ;;
      *) cmp -s "$1/$file" "$2/$file" ;;
    esac || wrong "$3: $file differs from that of an undisturbed run"
  done < <(files_below "$2")
}

kill_demonstration() {
  local quickstart=$root/build/demo/examples/quickstart/quickstart
  [ -x "$quickstart" ] || (cd "$root" && cmake --preset demo && cmake --build --preset demo) >&2
  resume_and_kill demonstration "$demonstration" './out/store/*.*' out/report.html same_demonstration \
    "$quickstart" --scale 0.1 --out out
}

echo "moments drawn from seed $seed"
kill_writers
kill_outputs
make_fit_line
resume_and_kill fit "$kills" './fit/blocks/*.*' fit/fit.key same "$expunge" "${fit_line[@]}"
[ "$demonstration" = 0 ] || kill_demonstration
finish
