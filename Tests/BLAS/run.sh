#!/usr/bin/env bash
# Whether OpenBLAS runs kernels that fit the processor, whatever it had chosen itself: see core.c. Where it is built for one processor only, or is another
# library, it stays as it is. With qemu a processor that Debian's OpenBLAS 0.3.21 does not know is tried, too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
[ -x "$clang" ] || clang=$(command -v clang)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC2046
"$clang" -O1 -std=gnu17 -Wall -Wextra -Werror -ISources/CKernels/include $(pkg-config --cflags --libs-only-L openblas 2>/dev/null || true) \
  Sources/CKernels/blas.c Tests/BLAS/core.c -lopenblas -llapacke -lm -lpthread -o "$folder/core"
unset OPENBLAS_CORETYPE FLUXION_CPU

# expect WHAT PATTERN COMMAND…: the line that is printed must be like the pattern.
expect() {
  local what=$1 pattern=$2 line
  shift 2
  line=$(env "$@")
  echo "$what: $line"
  [[ $line =~ ^$pattern$ ]] || { echo "error: that is not like $pattern" >&2; exit 1; }
}

expect "as it starts" '[A-Za-z0-9_]+(, chosen for [A-Za-z0-9_]+)?' "$folder/core"
if [ "$(uname -m)" != x86_64 ] || ! grep -qw avx2 /proc/cpuinfo; then
  echo "a core type below the processor's: skipped, as it has no AVX2"
  exit 0
fi
for type in Prescott Nehalem Opteron Sandybridge Bulldozer; do
  expect "after $type" "(Haswell|SkylakeX), chosen for $type" FLUXION_TEST_CORE=$type "$folder/core"
done
expect "with OPENBLAS_CORETYPE=Prescott" 'Prescott; would fit: (Haswell|SkylakeX)' OPENBLAS_CORETYPE=Prescott "$folder/core"
expect "at the baseline" 'Prescott' FLUXION_CPU=baseline FLUXION_TEST_CORE=Prescott "$folder/core"
expect "at avx2" 'Haswell, chosen for Prescott' FLUXION_CPU=avx2 FLUXION_TEST_CORE=Prescott "$folder/core"
if command -v qemu-x86_64 >/dev/null; then
  # Qemu's own processor has AVX2, and is of AMD's family 15.
  expect "on a processor that is not known" '[A-Za-z0-9_]+(, chosen for [A-Za-z0-9_]+)?' qemu-x86_64 -cpu max "$folder/core"
fi
