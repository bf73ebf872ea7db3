# Sourced by the scripts beside it: their programs, a scratch folder, and what both look at.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
every_writer=$root/build/test/tests/durability/every_writer
expunge=$root/build/test/examples/cli/expunge
export NO_COLOR=1

# Where nobody named the programs, they are built.
build_programs() {
  (cd "$root" && cmake --preset ci && cmake --build --preset ci --target every_writer expunge_command) >&2
}

make_scratch() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/expunge-durability-XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
}

failures=0
wrong() {
  echo "WRONG: $*"
  failures=$((failures + 1))
}

finish() {
  if [ "$failures" -gt 0 ]; then echo "$failures wrong"; exit 1; fi
}

files_below() { (cd "$1" && find . -type f | LC_ALL=C sort); }

# Whether a file is one that a killed writer may leave: the temporary names of AtomicFile.
is_left_over() { case "$1" in */.expunge-*.partial) true ;; *) false ;; esac; }

# none_left FOLDER WHAT: no temporary file is below it.
none_left() {
  local file
  while read -r file; do
    if is_left_over "$file"; then wrong "$2: the temporary file $file is left"; fi
  done < <(files_below "$1")
}

# look_at FOLDER OLD NEW: every file of OLD is in FOLDER, whole, and OLD's or NEW's; anything else
# there is a left-over. Adds to `looked_at`, sets `left_over`.
looked_at=0 left_over=0
look_at() {
  local file
  left_over=0
  while read -r file; do
    looked_at=$((looked_at + 1))
    if [ ! -e "$1/$file" ]; then
      wrong "$file is lost"
    elif ! cmp -s "$1/$file" "$2/$file" && ! cmp -s "$1/$file" "$3/$file"; then
      wrong "$file is neither the old one nor the new one ($(stat -c %s "$1/$file") bytes)"
    fi
  done < <(files_below "$2")
  while read -r file; do
    [ -e "$2/$file" ] && continue
    if is_left_over "$file"; then left_over=$((left_over + 1)); else wrong "$file is left there"; fi
  done < <(files_below "$1")
}

# same FOLDER REFERENCE WHAT: every file of the reference is in the folder with the same bytes.
same() {
  local file
  while read -r file; do
    cmp -s "$1/$file" "$2/$file" || wrong "$3: $file differs from that of an undisturbed run"
  done < <(files_below "$2")
}

# What the command writes, one line an output: file, colon, arguments. VERSION 1 or 2 changes the
# numbers. Run in the folder of the outputs.
outputs_of() {
  local in=$scratch/inputs
  local models="--unlearned $in/margins_$1.npy --replicates 20"
  cat <<LINES
klom.json:klom --oracle $in/oracle.npy $models --json klom.json
klom.html:klom --oracle $in/oracle.npy $models --html klom.html
klom.npy:klom --oracle $in/oracle.npy $models --per-point klom.npy
klom.npz:klom --oracle $in/oracle.npy $models --per-point klom.npz
epsilon.npz:epsilon --retrained $in/oracle.npy $models --per-point epsilon.npz
lds.npy:lds --scores $in/scores_$1.npy --masks $in/masks.npy --outputs $in/outputs.npy --per-target lds.npy
changed.npy:predict --effects $in/effects.npy --forget $in/forget.npy --base $in/margins_$1.npy --out changed.npy
LINES
}

write_outputs() {
  local line
  while read -r line; do
    # shellcheck disable=SC2086
    "$expunge" ${line#*:} >/dev/null
  done < <(outputs_of "$1")
}

# Sets `fit_line`: expunge fit with so little memory that it stores its blocks one after the other.
make_fit_line() {
  local line="fit --masks $scratch/inputs/masks.npy --outputs $scratch/inputs/outputs.npy --lambdas 20 --out fit" least
  # shellcheck disable=SC2086
  least=$("$expunge" $line --memory 1 2>&1 | sed -n 's/.*at least \([0-9]*\).*/\1/p' || true)
  [ -n "$least" ] || { echo "expunge fit --memory 1 does not say how much it needs" >&2; exit 1; }
  read -ra fit_line <<<"$line --memory $least"
}
