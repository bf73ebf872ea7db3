#!/usr/bin/env bash
# Every writer where nothing can be written: one sentence that names the file, the old file intact,
# nothing left beside it; once there is room, the same bytes as ever.
#
#   bash tests/durability/unwritable.sh [--programs EVERY_WRITER EXPUNGE] [CASE...]     default: all cases
#
#   full_disk    a small tmpfs with no room, then with room for some files and not for others
#   file_limit   a limit on the size of files (ulimit -f); needs no rights
#   read_only    a tmpfs mounted again as read-only, or a folder without the right to write
#
# full_disk and read_only mount a tmpfs in a mount namespace of their own, as root or in a user
# namespace; where that is not possible they are skipped with the reason, exit status 77.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

cases=() programs=no inside=no
while [ $# -gt 0 ]; do
  case "$1" in
    --programs) every_writer=$(realpath "$2") expunge=$(realpath "$3") programs=yes; shift 2 ;;
    --inside) inside=yes scratch=$2; shift ;;
    full_disk | file_limit | read_only) cases+=("$1") ;;
    *) echo "unwritable.sh: unknown argument $1" >&2; exit 2 ;;
  esac
  shift
done
[ ${#cases[@]} -gt 0 ] || cases=(full_disk file_limit read_only)
[ "$programs" = yes ] || build_programs

# one_sentence TEXT FILE WHAT: one line that names the file.
one_sentence() {
  [ "$(wc -l <<<"$1")" = 1 ] && [ -n "$1" ] || wrong "$3: one sentence was expected: $1"
  case "$1" in *"$2"*) ;; *) wrong "$3: the sentence does not name $2: $1" ;; esac
}

# untouched FOLDER WHAT: what version 1 wrote, and nothing else.
untouched() {
  look_at "$1" "$scratch/old" "$scratch/old"
  none_left "$1" "$2"
}

# refused_writers FOLDER WHAT [some]: no writer of the library writes version 2; `some`: those with
# room do.
refused_writers() {
  local line file said refused=0 all=0
  while read -r line; do
    file=${line%%: *} said=${line#*: } all=$((all + 1))
    if [ "$said" = written ]; then
      [ "${3:-}" = some ] || wrong "$2: $file was written"
      continue
    fi
    refused=$((refused + 1))
    one_sentence "$said" "$(dirname "$1/$file")" "$2, $file"
    # a stage is several files or one, whose name is the store's own
    [ -d "$1/$file" ] || [ ! -e "$1/$file" ] || cmp -s "$1/$file" "$scratch/old/$file" ||
      wrong "$2: the old $file is not intact"
  done < <("$every_writer" try "$1" 2)
  look_at "$1" "$scratch/old" "$scratch/new"
  none_left "$1" "$2"
  echo "$2: $refused of $all writers refused, each with a sentence"
}

# refused_commands FOLDER WHAT: the same of the command's outputs, one by one.
refused_commands() {
  local line file said status refused=0
  while read -r line; do
    file=${line%%:*} status=0
    # shellcheck disable=SC2086
    said=$(cd "$1" && "$expunge" ${line#*:} 2>&1 >/dev/null) || status=$?
    [ "$status" = 3 ] || wrong "$2, $file: exit status $status"
    one_sentence "$said" "$file" "$2, expunge ${line#*:}"
    cmp -s "$1/$file" "$scratch/old/$file" || wrong "$2: the old $file is not intact"
    refused=$((refused + 1))
  done < <(outputs_of 2)
  echo "$2: $refused outputs of the command refused, each with a sentence"
}

# refused_fit FOLDER WHAT: expunge fit says one sentence. What it kept is a store to go on from.
refused_fit() {
  local said status=0
  said=$(cd "$1" && "$expunge" "${fit_line[@]}" 2>&1 >/dev/null) || status=$?
  [ "$status" = 3 ] || wrong "$2, fit: exit status $status"
  one_sentence "$said" fit "$2, expunge fit"
  none_left "$1" "$2, fit"
}

# refused_all FOLDER WHAT: every writer where none can write.
refused_all() {
  refused_writers "$1" "$2"
  refused_commands "$1" "$2"
  refused_fit "$1" "$2"
}

fit_goes_on() {
  (cd "$1" && "$expunge" "${fit_line[@]}" >/dev/null) ||
    wrong "$2: fit failed when there was room again"
  same "$1/fit" "$scratch/whole/fit" "$2"
}

write_old() { "$every_writer" write "$1" 1 && (cd "$1" && write_outputs 1); }

# Mounts a small disk with a folder of what version 1 wrote: $scratch/disk/files.
mount_disk() {
  mkdir -p "$scratch/disk"
  mount -t tmpfs -o size=48m none "$scratch/disk"
  mkdir "$scratch/disk/files"
  write_old "$scratch/disk/files"
}

case_file_limit() {
  local folder=$scratch/limited what="limit of 2 KiB"
  mkdir "$folder"
  write_old "$folder"
  (
    ulimit -f 2
    refused_all "$folder" "$what"
    finish
  ) | cat || failures=$((failures + 1))
  fit_goes_on "$folder" "$what"
  rm -rf "$folder/fit"
  untouched "$folder" "$what"
}

# fill ROOM: a file that leaves so many KiB on the disk.
fill() {
  rm -f "$scratch/disk/filler"
  head -c "$(($(df --output=avail -k "$scratch/disk" | tail -n 1) - $1))K" /dev/zero >"$scratch/disk/filler"
}

case_full_disk() {
  local folder=$scratch/disk/files
  mount_disk
  fill 0
  refused_all "$folder" "full disk"
  rm -rf "$folder/fit"
  untouched "$folder" "full disk"
  fill 200
  refused_writers "$folder" "200 KiB left" some
  refused_fit "$folder" "200 KiB left"
  fill 1200
  refused_fit "$folder" "1200 KiB left"  # the blocks find room, the joined array does not
  rm "$scratch/disk/filler"
  fit_goes_on "$folder" "full disk"
  echo "full disk: fit went on when there was room, with the same bytes"
}

case_read_only() {
  local folder=$scratch/disk/files
  mount_disk
  mount -o remount,ro "$scratch/disk"
  refused_all "$folder" "read-only folder"
  untouched "$folder" "read-only folder"
}

# In a mount namespace of its own, which goes with everything mounted there.
namespace=(unshare --mount)
[ "$(id -u)" = 0 ] || namespace=(unshare --user --map-root-user --mount)
may_mount() { "${namespace[@]}" mount -t tmpfs -o size=64k none "$scratch" 2>/dev/null; }

run_case() {
  if [ "$1" = file_limit ]; then case_file_limit; return; fi
  if ! may_mount; then
    echo "$1 skipped: no tmpfs can be mounted here, neither as root nor in a user namespace"
    skipped=$((skipped + 1))
    return
  fi
  "${namespace[@]}" bash "${BASH_SOURCE[0]}" --programs "$every_writer" "$expunge" --inside "$scratch" "$1" ||
    failures=$((failures + 1))
}

if [ "$inside" = yes ]; then
  make_fit_line
  "case_${cases[0]}"
  finish
  exit
fi
make_scratch
mkdir "$scratch/inputs" "$scratch/old" "$scratch/new" "$scratch/whole"
"$every_writer" inputs "$scratch/inputs"
write_old "$scratch/old"
"$every_writer" write "$scratch/new" 2
(cd "$scratch/new" && write_outputs 2)
make_fit_line
(cd "$scratch/whole" && "$expunge" "${fit_line[@]}" >/dev/null)
skipped=0
for each in "${cases[@]}"; do run_case "$each"; done
finish
if [ "$skipped" = ${#cases[@]} ]; then exit 77; fi
