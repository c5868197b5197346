#!/bin/sh
# Installs what building Fluxion needs beside Swift: the development files of OpenBLAS, LAPACKE, zlib, libpng and libjpeg. On macOS, where nobody
# has tried it yet, libpng and libjpeg by Homebrew: Accelerate stands in for OpenBLAS and LAPACKE, and zlib is the system's.
# Says nothing and changes nothing when all of it is there. `make` calls it before every build.
set -eu

stop() {
  echo "setup: $*" >&2
  exit 1
}

command -v swift >/dev/null 2>&1 || stop "Swift is missing: install it from https://www.swift.org/install and put it on your PATH."

system=$(uname -s)

# A compiler, to ask whether headers and libraries are found where the build will look for them: Swift comes with clang. On macOS the one in
# /usr/bin, which knows where the system's headers are.
compiler="$(dirname "$(command -v swift)")/clang"
[ "$system" != Darwin ] || compiler=/usr/bin/clang
[ -x "$compiler" ] || compiler=$(command -v clang || command -v cc || command -v gcc) ||
  stop "no C compiler found: Swift's own clang should be beside swift."

# found HEADER LIBRARY FUNCTION: whether a program that uses them compiles and links.
found() {
  printf '#include <stdio.h>\n#include <%s>\nint main(void) { return (void *)&%s == 0; }\n' "$1" "$3" |
    "$compiler" -x c - -o /dev/null $flags "-l$2" >/dev/null 2>&1
}

# The libraries that are missing, by name. Where they are kept in folders of their own (OpenBLAS on Fedora, Homebrew's), pkg-config knows them, as
# the build does.
missing() {
  if [ "$system" = Darwin ]; then
    flags=$(pkg-config --cflags --libs libpng libjpeg 2>/dev/null) || flags=
  else
    flags=$(pkg-config --cflags --libs openblas libpng libjpeg 2>/dev/null) || flags=$(pkg-config --cflags --libs openblas 2>/dev/null) || flags=
    found cblas.h openblas cblas_sgemm || printf ' OpenBLAS'
    found lapacke.h lapacke LAPACKE_sgetrf || printf ' LAPACKE'
  fi
  found zlib.h z inflate || printf ' zlib'
  found png.h png png_create_read_struct || printf ' libpng'
  found jpeglib.h jpeg jpeg_mem_src || printf ' libjpeg'
}

absent=$(missing)
[ -n "$absent" ] || exit 0

if [ "$system" = Darwin ]; then
  # Homebrew refuses to run as root, and needs no update: it does so by itself. SwiftPM finds the libraries by pkg-config.
  command -v brew >/dev/null 2>&1 || stop "missing:$absent; install Homebrew from https://brew.sh, or pkgconf, libpng and jpeg-turbo by other means."
  echo "setup: missing:$absent; installing pkgconf libpng jpeg-turbo"
  brew install --quiet pkgconf libpng jpeg-turbo >/dev/null || stop "Homebrew could not install pkgconf, libpng and jpeg-turbo."
  absent=$(missing)
  [ -z "$absent" ] || stop "installed pkgconf, libpng and jpeg-turbo, and still not found by the compiler:$absent; xcode-select --install gives zlib."
  exit 0
elif command -v apt-get >/dev/null 2>&1; then
  update="apt-get update -q"
  install="env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends"
  openblas=libopenblas-dev lapacke=liblapacke-dev zlib=zlib1g-dev png=libpng-dev jpeg=libjpeg-dev
elif command -v dnf >/dev/null 2>&1; then
  update=true
  install="dnf install -q -y"
  openblas=openblas-devel lapacke=lapack-devel zlib=zlib-devel png=libpng-devel jpeg=libjpeg-turbo-devel
elif command -v pacman >/dev/null 2>&1; then
  update=true
  install="pacman -S --noconfirm --needed"
  openblas="openblas blas-openblas" lapacke=blas-openblas zlib=zlib png=libpng jpeg=libjpeg-turbo
else
  stop "missing:$absent; install the development packages of OpenBLAS (with CBLAS), LAPACKE, zlib, libpng and libjpeg with this system's package manager."
fi

packages=
for library in $absent; do
  case $library in
    OpenBLAS) packages="$packages $openblas" ;;
    LAPACKE) packages="$packages $lapacke" ;;
    zlib) packages="$packages $zlib" ;;
    libpng) packages="$packages $png" ;;
    libjpeg) packages="$packages $jpeg" ;;
  esac
done

as_root=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || stop "missing:$absent; run as root: $install$packages"
  as_root=sudo
fi

echo "setup: missing:$absent; installing$packages"
$as_root $update >/dev/null || echo "setup: the package lists could not be refreshed; trying with those at hand" >&2
$as_root $install $packages >/dev/null || stop "the package manager could not install$packages."

absent=$(missing)
[ -z "$absent" ] || stop "installed$packages, and still not found by the compiler:$absent."
