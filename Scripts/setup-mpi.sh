#!/bin/sh
# Installs Open MPI where neither it nor MPICH is there. Says nothing and changes nothing when one is.
set -eu
library=${FLUXION_MPI:-ompi-c}
if command -v mpirun >/dev/null 2>&1 && pkg-config --exists "$library" 2>/dev/null; then exit 0; fi
if command -v apt-get >/dev/null 2>&1; then
  update="apt-get update -q" install="env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends"
  packages="libopenmpi-dev openmpi-bin pkg-config"
elif command -v dnf >/dev/null 2>&1; then
  update=true install="dnf install -q -y" packages="openmpi-devel pkgconf-pkg-config"
elif command -v pacman >/dev/null 2>&1; then
  update=true install="pacman -S --noconfirm --needed" packages="openmpi pkgconf"
else
  echo "setup: no MPI that pkg-config knows as $library; install Open MPI with its development files with this system's package manager." >&2
  exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || { echo "setup: MPI is missing; run as root: $install $packages" >&2; exit 1; }
  as_root=sudo
fi
echo "setup: MPI is missing; installing $packages"
$as_root $update >/dev/null || true
$as_root $install $packages >/dev/null || { echo "setup: the package manager could not install $packages." >&2; exit 1; }
