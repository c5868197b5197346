#!/usr/bin/env bash
# Builds a package that depends on Fluxion by its path, times a closure of that package over 1M numbers beside the same closure in Fluxion's
# own benchmark, and fails if it takes more than 1.3 times as long. The two take turns, and of each the fastest of five runs counts.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
row=kernel/custom-mish/1M

swift build -c release --package-path "$root" --product bench
swift build -c release --package-path "$here" --scratch-path "$root/.build-consumer-kernel"
bench=$(swift build -c release --package-path "$root" --show-bin-path)/bench
kernel=$(swift build -c release --package-path "$here" --scratch-path "$root/.build-consumer-kernel" --show-bin-path)/kernel

for _ in 1 2 3 4 5; do
  "$bench" --json --filter "$row" | awk -v row="$row" '
    index($0, row) && match($0, /"us" ?: ?[0-9.eE+]+/) { time = substr($0, RSTART, RLENGTH); sub(/.*: ?/, "", time); print "bench", time }'
  echo "package $("$kernel")"
done | tee /dev/stderr | awk '
  $2 + 0 > 0 { runs[$1]++; if (!($1 in best) || $2 + 0 < best[$1]) best[$1] = $2 + 0 }
  END {
    if (runs["bench"] < 5 || runs["package"] < 5) { print "error: a run printed no time" > "/dev/stderr"; exit 1 }
    ratio = best["package"] / best["bench"]
    printf "closure of another package: %.0f us, of the benchmark: %.0f us, ratio %.2f (at most 1.30)\n", best["package"], best["bench"], ratio
    exit ratio > 1.3
  }'
