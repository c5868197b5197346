#!/usr/bin/env bash
# The tests of FluxionMPI that take several processes: builds Tests/MPICheck with the trait MPI, and runs it under mpirun.
#
#     Scripts/test-mpi.sh [all|collectives|differ|train|examples|faults|network]… [--built DIRECTORY]
#
# All but network unless told. FLUXION_MPI=mpich takes MPICH instead of Open MPI. Without MPI it says so and ends well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

parts=() bin=
while [ $# -gt 0 ]; do
  case $1 in
    --built) bin=${2:?"--built needs a directory"} && shift ;;
    all) parts+=(collectives differ train examples faults) ;;
    collectives | differ | train | examples | faults | network) parts+=("$1") ;;
    *) echo "test-mpi: no part $1; all, collectives, differ, train, examples, faults and network are there" >&2 && exit 1 ;;
  esac
  shift
done
if [ ${#parts[@]} -eq 0 ]; then parts=(collectives differ train examples faults); fi

library=${FLUXION_MPI:-ompi-c}
launcher=mpirun
if [ "$library" = mpich ]; then launcher=$(command -v mpirun.mpich || command -v mpirun.hydra || echo mpirun); fi
if [ "$library" = ompi-c ]; then launcher=$(command -v mpirun.openmpi || echo mpirun); fi
if ! command -v "$launcher" >/dev/null || ! pkg-config --exists "$library" 2>/dev/null; then
  echo "test-mpi: no MPI here that pkg-config knows as $library; skipped (make setup-mpi installs it)"
  exit 0
fi

scratch=${FLUXION_SCRATCH:-.build-mpi}
configuration=${FLUXION_CONFIGURATION:-debug}
export FLUXION_NUM_THREADS=1 FLUXION_QUIET=1 FLUXION_MPI_TIMEOUT=${FLUXION_MPI_TIMEOUT:-60}
if [ -z "$bin" ]; then
  products=(mpicheck)
  for part in "${parts[@]}"; do if [ "$part" = examples ]; then products+=(digits gpt charrnn); fi; done
  for product in "${products[@]}"; do
    swift build --traits MPI -c "$configuration" --scratch-path "$scratch" --product "$product"
  done
  bin=$(swift build --traits MPI -c "$configuration" --scratch-path "$scratch" --show-bin-path)
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/log"
passed=0 failed=0

# run N COMMAND…: under mpirun, at most two minutes; output in $work/log.
run() {
  local n=$1
  shift
  local options=()
  # Root, and more processes than processors, are what Open MPI wants to be told of.
  if "$launcher" --version 2>&1 | grep -qi 'open'; then options=(--allow-run-as-root --oversubscribe); fi
  timeout -k 5 "${LIMIT:-240}" "$launcher" "${options[@]}" -n "$n" "$@" >"$work/log" 2>&1
}

# check NAME CONDITION…
check() {
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok   $name"
  else
    failed=$((failed + 1))
    echo "FAIL $name"
    sed 's/^/     /' "$work/log" | head -n 30
  fi
}

network() { check "two hosts, and a link that breaks" Tests/MPICheck/Network/network.sh "$bin"; }

collectives() {
  local n
  for n in 1 2 3 4; do
    check "collectives of $n" run "$n" "$bin/mpicheck" collectives
  done
  check "collectives of 3, fast" run 3 "$bin/mpicheck" collectives fast
}

# said N SENTENCE COMMAND…: ends with an error, and each process has said the sentence.
said() {
  local sentence=$1
  shift
  if run "$@"; then
    echo "it ended well" >>"$work/log"
    return 1
  fi
  [ "$(grep -Ec "$sentence" "$work/log")" -ge 1 ]
}

differ() {
  check "shapes" said 'allReduce: process 1 has sum of float32 \[3\], and process 0 sum of float32 \[4\]' 2 "$bin/mpicheck" differ shape
  check "dtypes" said 'process 1 has sum of float64 \[3\], and process 0 sum of float32' 2 "$bin/mpicheck" differ dtype
  check "reducers" said 'process 1 has max of' 2 "$bin/mpicheck" differ reducer
  check "calls" said 'process 1 calls barrier, and process 0 allReduce' 2 "$bin/mpicheck" differ call
  check "roots" said 'from 1, and process 0' 2 "$bin/mpicheck" differ root
  check "rows" said 'rows, 3\], and process 0' 3 "$bin/mpicheck" differ rows
  check "settings of the world" said 'World.init: process 1 has another version of settings' 2 "$bin/mpicheck" differ shards
  check "models" said 'process 1 was started with .*relu.* and process 0 with .*tanh' 2 "$bin/mpicheck" differ model
  check "parameters" said 'process 1 was started with .*hash .* \(parameter ' 2 "$bin/mpicheck" differ parameters
  check "frozen parameters" said 'process 1 was started with .*frozen' 2 "$bin/mpicheck" differ frozen
  check "data" said 'process 1 was started with hash .* \(examples ' 2 "$bin/mpicheck" differ data
  check "numbers of examples" said 'process 1 was started with batches of 16 of 40 examples' 2 "$bin/mpicheck" differ count
  check "seeds" said 'process 1 was started with seed 2' 2 "$bin/mpicheck" differ seed
  check "epochs" said 'process 1 was started with 3 epochs' 2 "$bin/mpicheck" differ epochs
  check "optimizers" said 'process 1 was started with 0.1 ' 2 "$bin/mpicheck" differ optimizer
}

# same A B: two checkpoints are the same file, byte for byte.
same() { cmp "$work/$1/last.safetensors" "$work/$2/last.safetensors" >>"$work/log" 2>&1; }

train() {
  local kind n
  for kind in perceptron convolution synchronized recurrent stateful tied ready; do
    for n in 1 2 3 4 8; do
      check "$kind in $n" run "$n" "$bin/mpicheck" train "$kind" "$work/$kind-$n"
      check "$kind in $n, the checkpoint of one" same "$kind-1" "$kind-$n"
    done
    check "$kind in 2, small buckets" run 2 "$bin/mpicheck" train "$kind" "$work/$kind-small" small
    check "$kind in 2, small buckets, the checkpoint of one" same "$kind-1" "$kind-small"
    check "$kind in 3, divided state" run 3 "$bin/mpicheck" train "$kind" "$work/$kind-sharded" sharded
    check "$kind in 3, divided state, the checkpoint of one" same "$kind-1" "$kind-sharded"
    check "$kind in 2, first half" run 2 "$bin/mpicheck" train "$kind" "$work/$kind-half" short
    check "$kind in 4, second half" run 4 "$bin/mpicheck" train "$kind" "$work/$kind-half" resume sharded
    check "$kind, halves of 2 and 4, the checkpoint of one" same "$kind-1" "$kind-half"
    # No plan can hold statistics of all processes.
    if [ "$kind" != synchronized ]; then
      check "$kind in 2, compiled" run 2 "$bin/mpicheck" train "$kind" "$work/$kind-compiled" compiled
      check "$kind in 2, compiled, the checkpoint of one" same "$kind-1" "$kind-compiled"
    fi
    check "$kind in 2, fast" run 2 "$bin/mpicheck" train "$kind" "$work/$kind-fast" fast
  done
}

examples() {
  local n kind
  for n in 1 2 4; do
    for kind in mlp lenet recurrent; do
      check "digits --model $kind in $n" run "$n" "$bin/digits" --model "$kind" --epochs 1 --curve "$work/curve.svg" \
        --checkpoints "$work/$kind-$n"
      check "digits --model $kind in $n, the checkpoint of one" same "$kind-1" "$kind-$n"
    done
    check "charrnn in $n" run "$n" "$bin/charrnn" --steps 3 --hidden 24 --sample-length 1 --checkpoints "$work/charrnn-$n"
    check "charrnn in $n, the checkpoint of one" same charrnn-1 "charrnn-$n"
    check "gpt in $n" run "$n" "$bin/gpt" --steps 3 --width 32 --blocks 2 --context 16 --length 1 --samples 1 --checkpoints "$work/gpt-$n"
    check "gpt in $n, the checkpoint of one" same gpt-1 "gpt-$n"
  done
}

# dies SENTENCE HOW: ends with an error within the deadline, and the last checkpoint goes on in another number of processes.
dies() {
  local started=$SECONDS
  if FLUXION_MPI_TIMEOUT=5 run 3 "$bin/mpicheck" die "$2" "$work/$2"; then
    echo "it ended well" >>"$work/log"
    return 1
  fi
  if [ $((SECONDS - started)) -gt 60 ]; then
    echo "it took $((SECONDS - started)) s" >>"$work/log"
    return 1
  fi
  if pgrep -f "mpicheck die $2 $work" >/dev/null; then
    echo "processes are left over" >>"$work/log"
    return 1
  fi
  grep -Eq "$1" "$work/log"
}

faults() {
  check "a process that throws" dies 'process 1 has stopped: data: example 17 cannot be read' throw
  check "a process that hangs" dies 'process 1 does not answer' hang
  check "a process that is killed" dies 'signal|killed|KILLED|Killed|does not answer' kill
  check "a process that ends with an error" dies 'process 1 goes no further: its program has ended with an error' exit
  check "a process that ends early" dies 'does not answer|did not end in time' leave
  local how
  check "the run without a fault" run 2 "$bin/mpicheck" die none "$work/none"
  for how in throw hang kill exit leave; do
    check "after $how, the run goes on in 2" run 2 "$bin/mpicheck" die none "$work/$how"
    check "after $how, the checkpoint of a run without a fault" same none "$how"
  done
}

for part in "${parts[@]}"; do "$part"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
