#!/usr/bin/env bash
# Two hosts on one machine, as network namespaces with 2 ms of delay and 1 Gbit/s between them (Open MPI; as root): how much of what is sent is hidden
# behind the backward pass, and what happens when the link breaks.
#
#     network.sh DIRECTORY_OF_PROGRAMS [TRACE]
set -euo pipefail
bin=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
trace=${2:-}
[ "$(id -u)" -eq 0 ] || { echo "network: only root makes namespaces; skipped"; exit 0; }
work=$(mktemp -d)
[ -n "$trace" ] || trace=$work/trace
names=(fxhost0 fxhost1)
link=
cleanup() {
  [ -z "$link" ] || kill "$link" 2>/dev/null || true
  for name in "${names[@]}"; do
    ip netns pids "$name" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
    ip netns del "$name" 2>/dev/null || true
    rm -rf "/etc/netns/$name"
  done
  rm -rf "$work"
}
trap cleanup EXIT

for i in 0 1; do
  ip netns add "${names[$i]}"
  mkdir -p "/etc/netns/${names[$i]}"
  printf '127.0.0.1 localhost\n10.77.0.1 fxhost0\n10.77.0.2 fxhost1\n' >"/etc/netns/${names[$i]}/hosts"
done
compiler=$(dirname "$(command -v swift)")/clang
[ -x "$compiler" ] || compiler=cc
"$compiler" -O2 -o "$work/link" "$here/link.c"
mkfifo "$work/ready"
"$work/link" "${names[@]}" "${DELAY:-2000}" "${RATE:-1000000000}" >"$work/ready" &
link=$!
read -r _ <"$work/ready"
for i in 0 1; do
  ip netns exec "${names[$i]}" sh -c "ip addr add 10.77.0.$((i + 1))/24 dev fxlink; ip link set fxlink mtu 9000 up; ip link set lo up"
done

# What Open MPI starts its daemon on another host by, in place of ssh.
cat >"$work/agent" <<EOF
#!/bin/sh
host=\$1
shift
exec ip netns exec "\$host" unshare -u sh -c "hostname \$host; \$*"
EOF
chmod +x "$work/agent"

# hosts PROGRAM…: one process on each.
hosts() {
  ip netns exec fxhost0 unshare -u sh -c 'hostname fxhost0; exec "$@"' sh mpirun.openmpi --allow-run-as-root --host fxhost0:1,fxhost1:1 -n 2 \
    --mca plm_rsh_agent "$work/agent" --mca btl tcp,self --mca btl_tcp_if_include fxlink --mca oob_tcp_if_include fxlink \
    -x FLUXION_NUM_THREADS -x FLUXION_QUIET -x FLUXION_MPI_TIMEOUT -x SHARDS -x EXAMPLES "$@"
}

export FLUXION_NUM_THREADS=1 FLUXION_QUIET=1 EXAMPLES=${EXAMPLES:-256}
echo "== latency and bandwidth"
FLUXION_MPI_TIMEOUT=60 hosts "$bin/mpicheck" bench
echo "== a transformer, one shard a process"
FLUXION_MPI_TIMEOUT=60 SHARDS=2 hosts "$bin/mpicheck" trace "$trace"
echo "== a link that breaks"
started=$SECONDS
(sleep "${BREAK_AFTER:-6}"; kill -USR1 "$link") &
if FLUXION_MPI_TIMEOUT=5 timeout -k 5 90 ip netns exec fxhost0 true && FLUXION_MPI_TIMEOUT=5 hosts timeout -k 2 60 "$bin/mpicheck" die none "$work/run" \
  >"$work/log" 2>&1; then
  echo "FAIL: it ended well"
  exit 1
fi
grep -E 'World|error' "$work/log" | head -n 4
echo "ended after $((SECONDS - started)) s"
ls "$work/run" | tail -n 2
