#!/usr/bin/env bash
# install_packages.sh demo|demo_without_data|command|test|clang|fuzz|bench: installs what that purpose needs and this machine lacks.
# Says in one line what is missing; where it may not install, prints the command to run and exits 1.
set -euo pipefail

build=(g++ cmake ninja-build libeigen3-dev libxtensor-dev librandom123-dev zlib1g-dev)
programs=(nlohmann-json3-dev libcli11-dev libzip-dev)
nice_to_have=(ccache)
case "${1:-}" in
  demo)  needed=("${build[@]}" "${programs[@]}" gnuplot-nox dataset-fashion-mnist) ;;
  demo_without_data) needed=("${build[@]}" "${programs[@]}" gnuplot-nox) ;;
  test)  needed=("${build[@]}" "${programs[@]}" gnuplot-nox dataset-fashion-mnist doctest-dev)
         nice_to_have+=(clang) ;;
  command) needed=("${build[@]}" "${programs[@]}") ;;
  clang) needed=("${build[@]}" "${programs[@]}" gnuplot-nox dataset-fashion-mnist doctest-dev
                 clang) ;;
  fuzz)  needed=("${build[@]}" "${programs[@]}" clang libclang-rt-dev doctest-dev) ;;
  bench) needed=("${build[@]}" libbenchmark-dev) ;;
  *)     echo "usage: install_packages.sh demo|demo_without_data|command|test|clang|fuzz|bench" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  for program in g++ cmake ninja; do
    command -v "$program" >/dev/null || { echo "$program is missing: please install it" >&2; exit 1; }
  done
  echo "no apt-get here: if the build misses something, install what Debian calls ${needed[*]}" >&2
  exit 0
fi

installed() {
  local state
  state=$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) && [ "$state" = installed ] && return
  [ "$1" = gnuplot-nox ] && command -v gnuplot >/dev/null  # gnuplot-qt and gnuplot-x11 serve as well
}
not_installed() {
  local package
  for package in "$@"; do installed "$package" || echo "$package"; done
}

as_root=()
may_install() {
  [ "$(id -u)" = 0 ] && return
  command -v sudo >/dev/null || return 1
  as_root=(sudo)
  sudo -n true 2>/dev/null || [ -t 0 ]
}
# Another package manager that holds the lock, as on a machine that has just started, is waited for, ten minutes at most.
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@" </dev/null >&2; }
install() {
  apt install -y --no-install-recommends "$@" || { apt update && apt install -y --no-install-recommends "$@"; }
}

mapfile -t missing < <(not_installed "${needed[@]}")
mapfile -t wanted < <(not_installed "${nice_to_have[@]}")
if [ ${#missing[@]} -gt 0 ]; then
  echo "missing packages: ${missing[*]}" >&2
  if ! may_install || ! install "${missing[@]}"; then
    echo "could not install them; please run: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi
if [ ${#wanted[@]} -gt 0 ] && may_install; then
  echo "installing also, since it helps: ${wanted[*]}" >&2
  install "${wanted[@]}" || echo "going on without: ${wanted[*]}" >&2
fi
