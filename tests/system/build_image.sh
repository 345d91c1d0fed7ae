#!/usr/bin/env bash
# Builds the image of a project folder where there is buildah and no Docker: root, no daemon, no registry.
#
#   build_image.sh IMAGE CONTEXT [BASE [OPTION...]]
#
# The options are buildah's own, such as --target.
# A BASE of the form localhost/berth-base:SUITE is made of Debian's SUITE when it is missing, and
# kept as a pulled one would be. pip installs from wherever this machine's own pip does.
set -euo pipefail
export BUILDAH_ISOLATION=chroot

image=$1
context=$2
base=${3:-localhost/berth-base:bookworm}
options=("${@:4}")
own_bases=localhost/berth-base
scratch=$(mktemp -d)
containers=()

clean_up() {
  for container in "${containers[@]}"; do buildah rm "$container" >/dev/null; done
  rm -rf "$scratch"
}
trap clean_up EXIT

make_base() {
  mmdebstrap --variant=minbase --include=python3,python3-venv,ca-certificates "${base##*:}" "$scratch/root.tar"
  containers+=("$(buildah from scratch)")
  buildah add --quiet "${containers[0]}" "$scratch/root.tar" /
  buildah commit --quiet "${containers[0]}" "$base"
}

# What this machine's pip is told by files and PIP_ variables, as one file; the variables come first and win.
write_pip_conf() {
  echo "[global]"
  python3 -m pip config list | LC_ALL=C sort |
    sed -nE "s/^.*\.([a-z-]+)='(.*)'\$/\1 = \2/p" | sed 's/\\n/ /g' |
    awk -F ' = ' '!seen[$1]++'
}

# The files and folders that it names. The links of a package index lead beside it: its parent is needed.
list_pip_paths() {
  { grep -oE "(file://)?/[^ ]+" "$1" || true; } | while read -r word; do
    path=${word#file://}
    if [[ $word == file://* ]]; then path=$(dirname "$path"); fi
    if [[ -e $path ]]; then echo "$path"; fi
  done | sort -u
}

if [[ $base == "$own_bases":* ]] && ! buildah inspect --type image "$base" >/dev/null 2>&1; then
  make_base
fi
write_pip_conf >"$scratch/pip.conf"
volumes=(--volume "$scratch/pip.conf:/etc/pip.conf:ro")
while read -r path; do
  volumes+=(--volume "$path:$path:ro")
done < <(list_pip_paths "$scratch/pip.conf")

# Docker's own format, for OCI's has no HEALTHCHECK.
buildah bud --format docker --build-arg "BASE=$base" "${volumes[@]}" "${options[@]}" --tag "$image" "$context"
