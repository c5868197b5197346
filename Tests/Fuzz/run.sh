#!/usr/bin/env bash
# Fuzzes the readers of files with libFuzzer and the address sanitizer, both of which come with Swift:
#
#     Tests/Fuzz/run.sh [SECONDS [READER…]]
#
# Each reader of Readers.swift runs for SECONDS (60 unless given), or the READERs that are named. It fails if one crashes, takes more than five
# seconds or more memory than the limits below; the bytes that did it are kept in .build/fuzz, beside inputs that were found to lead somewhere
# new, from which the next run starts.
#
# `SWIFT_FLAGS` is handed to `swift build`, so that what it has built with such flags is not built anew.
#
# Only the modules Data, FluxionONNX and Pretrained are built for fuzzing, beside the package's own release build: a package may not have the flags that they take.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-60}
if [ $# -gt 0 ]; then shift; fi
readers=("$@")
if [ ${#readers[@]} -eq 0 ]; then for folder in Tests/Fuzz/Corpus/*/; do readers+=("$(basename "$folder")"); done; fi

limits=(-rss_limit_mb=512 -malloc_limit_mb=256 -timeout=5 -max_len=4096)
# Freed memory is kept unused for a while to find who still reads it; by default that takes half of what is allowed.
export ASAN_OPTIONS=quarantine_size_mb=32
# Of a crash libFuzzer makes its own report.
export SWIFT_BACKTRACE=enable=no
out=.build/fuzz

# Builds the three modules anew and all readers into one program.
build() {
  local release package name modules=() flags=() objects=() search=() sources=()
  # shellcheck disable=SC2086
  for name in FluxionONNX Pretrained; do swift build -c release ${SWIFT_FLAGS:-} --target "$name"; done
  release=$(swift build -c release --show-bin-path)
  # The flags that SwiftPM built Data with: the package's name and what tells where the modules in C are.
  grep '"-module-name","Data"' .build/release.yaml | tr ',' '\n' | tr -d '"' >"$out/flags"
  package=$(grep -A 1 -x -e -package-name "$out/flags" | tail -n 1)
  while read -r name; do modules+=(-Xcc "$name"); done < <(grep -e '^-fmodule-map-file=' "$out/flags" | sort -u)
  flags=(-O -wmo -parse-as-library -swift-version 6 -sanitize=fuzzer,address -package-name "$package" -I "$release/Modules" "${modules[@]}")
  for name in Data FluxionONNX Pretrained; do
    mapfile -t sources < <(find "Sources/$name" -name '*.swift')
    # What is instrumented has to be found before what is not.
    swiftc -I "$out" "${flags[@]}" -module-name "$name" -emit-module -emit-module-path "$out/$name.swiftmodule" -c "${sources[@]}" -o "$out/$name.o"
  done
  for name in Tensors Autodiff Models Optimizers Training Fluxion CFFT CKernels CImages SwiftProtobuf RealModule ComplexModule _NumericsShims; do
    mapfile -t -O ${#objects[@]} objects < <(find "$release/$name.build" -name '*.o')
  done
  if command -v pkg-config >/dev/null; then read -r -a search < <(pkg-config --libs openblas zlib libpng libjpeg || true); fi
  # What CFFT is written in, in C++.
  search+=("-l$(if [ "$(uname)" = Darwin ]; then echo c++; else echo stdc++; fi)")
  swiftc -I "$out" "${flags[@]}" -use-ld=lld -module-name Readers Tests/Fuzz/Readers.swift "$out"/{Data,FluxionONNX,Pretrained}.o \
    "${objects[@]}" "${search[@]}" -o "$out/readers"
}

# Runs one reader, and says in a line how far it came.
fuzz() {
  local reader=$1 seeds=Tests/Fuzz/Corpus/$1 log=$out/$1.log executions
  [ -d "$seeds" ] || { echo "error: there is no $seeds" >&2; return 1; }
  mkdir -p "$out/$reader"
  if ! FLUXION_FUZZ=$reader "$out/readers" "${limits[@]}" -max_total_time="$seconds" -print_final_stats=1 \
    -artifact_prefix="$out/$reader-" "$out/$reader" "$seeds" >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "error: $reader: see above, and $log" >&2
    return 1
  fi
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  echo "$reader: $executions executions in $seconds s, $((executions / (seconds > 0 ? seconds : 1))) a second, no crash"
}

mkdir -p "$out"
build
for reader in "${readers[@]}"; do fuzz "$reader"; done
