#!/usr/bin/env bash
# Tries hostile numbers on everything public that takes a number: see Sweep.swift. `run.sh [--filter TEXT] [--verbose]`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

swift build --product sweep
bin=$(swift build --show-bin-path)
graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT

# The public declarations, as the compiler knows them.
triple=$(swift -print-target-info | sed -n 's/^ *"triple": "\(.*\)",/\1/p' | head -n 1)
maps=$(Scripts/module-maps.sh "$bin" "$bin/../../checkouts")
mapfile -t maps <<<"$maps"
for module in Tensors Autodiff Models Optimizers Data Training FluxionMPI FluxionONNX Pretrained; do
  swift symbolgraph-extract -module-name "$module" -I "$bin/Modules" -target "$triple" -minimum-access-level public \
    -skip-synthesized-members -output-dir "$graphs" "${maps[@]}"
done

"$bin/sweep" --symbols "$graphs" "$@"
