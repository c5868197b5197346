#!/usr/bin/env bash
# The compiler's flags for the modules in C that Fluxion's modules import, one a line: module-maps.sh BUILD-FOLDER CHECKOUTS-FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for map in "$1"/*.build/module.modulemap Sources/C{OpenBLAS,Zlib,PNG,JPEG}/module.modulemap "$2/swift-numerics/Sources/_NumericsShims/include/module.modulemap"; do
  printf -- '-Xcc\n-fmodule-map-file=%s\n' "$map"
done
