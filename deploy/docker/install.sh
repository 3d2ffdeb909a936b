#!/bin/sh
# install.sh BIN OUT: what goes into the image: OUT/usr/local/..., and in OUT/packages.txt the Debian packages that hold
# the libraries which the programs in BIN need.
set -eu
bin=$1 out=$2
source=$(dirname "$0")/../..
programs="spillway spillway-fake-discord"
for service in ingest universe metrics scoring risk oms venue notifier journal; do programs="$programs spillway-$service"; done

mkdir -p "$out/usr/local/bin" "$out/usr/local/share/spillway"
for program in $programs; do
  install -m 755 "$bin/$program" "$out/usr/local/bin/$program"
  strip --strip-debug "$out/usr/local/bin/$program"
done
install -m 755 "$source/deploy/docker/init.sh" "$out/usr/local/bin/spillway-init"
# Programs in bin/ look for these in ../share/spillway.
cp -r "$source/deploy/profiles" "$source/deploy/risk" "$source/deploy/venue" "$source/deploy/scenarios" "$out/usr/local/share/spillway/"
cp "$source/LICENSE" "$out/usr/local/share/spillway/"

libraries=$(for program in $programs; do ldd "$bin/$program"; done | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u)
for library in $libraries; do
  # dpkg knows a file by the path it was unpacked to: before or after /lib became /usr/lib.
  file=$(readlink -f "$library")
  dpkg-query -S "$file" 2>/dev/null || dpkg-query -S "${file#/usr}" 2>/dev/null ||
    { echo "install.sh: no Debian package holds $library" >&2; exit 1; }
done | cut -d: -f1 | sort -u >"$out/packages.txt"
[ -s "$out/packages.txt" ] || { echo "install.sh: found no libraries" >&2; exit 1; }
