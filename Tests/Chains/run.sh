#!/usr/bin/env bash
# How long the compiler takes for a chain of 200 parts and for one of 500, written as literals: at most 12 times as long for the longer one, and at most
# 200 times what it takes for one part. In proportion it would be 2.5 times. But the compiler solves a closure's types as one system, whatever the
# builder does: for each statement it goes through those before it again (ConstraintSystem::finalize and replaySolution take the most), in nested
# chains, functions with @ChainBuilder and chains of one kind of layer too, and so takes time that grows with the square. As one expression of all parts
# it was ten times as much. A closure without any builder takes it too: of the same parts as statements that are calls of a function without a result, on
# types that have nothing else, 200 take 0.35 s and 500 take 2.3 (Swift 6.3); builders on these types, with one type for the parts so far and another for
# a part, or with buildBlock alone, take as long or longer. Of the debug build's modules, which `swift build` has made.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

scratch=${SCRATCH:-.build}
build=$(swift build --scratch-path "$scratch" --show-bin-path)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
maps=$(Scripts/module-maps.sh "$build" "$scratch/checkouts")
mapfile -t maps <<<"$maps"
flags=(-typecheck -swift-version 6 -I "$build/Modules" "${maps[@]}")

# The literal's parts are of several kinds, as models' are. Prints how many milliseconds of the processor it takes.
check() {
  {
    printf 'import Fluxion\nlet chain = Chain {\n'
    for ((i = 0; i < $1; i++)); do
      case $((i % 4)) in
        0) echo '  Dense(8, 8, activation: relu);' ;;
        1) echo '  LayerNorm(8);' ;;
        2) echo '  { x in tanh(x) * 2 };' ;;
        3) echo '  relu;' ;;
      esac
    done
    echo '}'
  } >"$folder/chain$1.swift"
  TIMEFORMAT='%U'
  local seconds
  seconds=$({ time swiftc "${flags[@]}" "$folder/chain$1.swift" >&2; } 2>"$folder/time" || { cat "$folder/time" >&2; exit 1; }; tail -n 1 "$folder/time")
  awk -v s="$seconds" 'BEGIN { printf "%d\n", s * 1000 }'
}

check 1 >/dev/null
base=$(check 1)
short=$(check 200)
long=$(check 500)
echo "chains of 1, 200 and 500 parts: $base, $short and $long ms"
# Loading the library is none of it.
[ $((long - base)) -le $((12 * (short - base) + 100)) ] || { echo "error: 500 parts take more than 12 times 200 parts' time" >&2; exit 1; }
[ "$long" -le $((200 * base)) ] || { echo "error: 500 parts take more than 200 times one part's time" >&2; exit 1; }
