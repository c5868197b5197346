#!/usr/bin/env bash
# Runs the kernels of Sources/CKernels at every level of this processor, and on Arm by emulation, and compares what they give:
#
#     Tests/Arm/run.sh [FAMILY…]
#
# On x86-64 levels are chosen by FLUXION_CPU and held against the baseline. For Arm the kernels are cross-compiled with Swift's clang and run under
# qemu-aarch64, against the baseline too. Without the cross compiler's libraries or qemu that part is skipped; `make arm` installs them (Debian, Ubuntu).
# On an Arm machine itself the kernels run as they are, and there is nothing to compare them with. Results and objects are kept in .build/arm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

out=.build/arm
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
[ -x "$clang" ] || clang=$(command -v clang)
flags=(-O2 -std=gnu17 -ISources/CKernels/include)
mkdir -p "$out/objects"

# The kernels as the package's own release build makes them.
swift build -c release --target CKernels | tail -n 1
kernels=$(swift build -c release --show-bin-path)/CKernels.build
"$clang" "${flags[@]}" -Wall -Wextra -Werror Tests/Arm/*.c "$kernels"/*.o -lm -o "$out/driver"
levels=$("$out/driver" levels)
reference=${levels%%[[:space:]]*}
for level in $levels avx512-bf16 amx; do
  # Units of AVX-512 have products of their own alone.
  case $level in avx512-*|amx)
    FLUXION_CPU=$level "$out/driver" has "$level" || continue
    if [ $# -gt 0 ] && [[ " $* " != *" bfloat16 "* ]]; then continue; fi
    FLUXION_CPU=$level "$out/driver" run "$out/$level" bfloat16
    FLUXION_CPU=$reference "$out/driver" run "$out/$reference-bfloat16" bfloat16
    printf '%s beside %s: ' "$level" "$reference"
    "$out/driver" compare "$out/$level" "$out/$reference-bfloat16"
    continue
  esac
  FLUXION_CPU=$level "$out/driver" run "$out/$level" "$@"
  if [ "$level" != "$reference" ]; then
    printf '%s beside %s: ' "$level" "$reference"
    "$out/driver" compare "$out/$level" "$out/$reference"
  fi
done

if [ "$(uname -m)" != x86_64 ]; then
  echo "Arm beside x86-64: skipped, as this is no x86-64; the kernels ran at $levels"
  exit 0
fi
libraries=/usr/aarch64-linux-gnu
if [ ! -e "$libraries/include/stdio.h" ] || [ ! -d /usr/lib/gcc-cross/aarch64-linux-gnu ] || ! command -v qemu-aarch64 >/dev/null; then
  echo "Arm beside x86-64: skipped; libc6-dev-arm64-cross, gcc-aarch64-linux-gnu and qemu-user would be needed (make arm installs them)"
  exit 0
fi

# Compiled anew where a source or a header is newer than its object.
export COMPILE="$clang --target=aarch64-linux-gnu -isystem $libraries/include ${flags[*]}" OBJECTS=$out/objects
newest=$(ls -t Sources/CKernels/*.h Sources/CKernels/include/*.h Tests/Arm/*.h | head -n 1)
stale=()
for source in Sources/CKernels/*.c Tests/Arm/*.c; do
  object=$OBJECTS/${source//\//_}.o
  if [ "$source" -nt "$object" ] || [ "$newest" -nt "$object" ]; then stale+=("$source"); fi
done
# Each source is $0 of a shell; an object appears when it is whole.
if [ ${#stale[@]} -gt 0 ]; then
  # shellcheck disable=SC2016
  printf '%s\0' "${stale[@]}" | xargs -0 -n 1 -P "$(nproc)" sh -c \
    'object=$OBJECTS/$(printf %s "$0" | tr / _).o; $COMPILE -c "$0" -o "$object.part" && mv "$object.part" "$object" || exit 255'
fi
# Objects of sources that are there no more stay out.
objects=()
for source in Sources/CKernels/*.c Tests/Arm/*.c; do objects+=("$OBJECTS/${source//\//_}.o"); done
"$clang" --target=aarch64-linux-gnu -static -B"$libraries/lib" -L"$libraries/lib" "${objects[@]}" -lm -o "$out/driver-arm"
qemu-aarch64 "$out/driver-arm" run "$out/arm" "$@"
printf 'neon beside %s: ' "$reference"
"$out/driver" compare "$out/arm" "$out/$reference"
