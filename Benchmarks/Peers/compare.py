#!/usr/bin/env python3
"""Fluxion beside PyTorch, torch.compile and JAX: `make bench-peers`.

Sets up the peers in a scratch folder, runs the engines in turn for several rounds on this machine, and takes each row's best time. Writes
`Benchmarks/Peers/results.json`, the table `Guides/Peers.md` and the charts `Guides/peers.svg` and, without operators, for the README
`Guides/peers-training.svg`; with --filter, which leaves rows out, or --level, which limits what of the processor is used, into the
scratch folder unless --output says otherwise.

An engine that does not run as it should (torch.compile that left a row to the interpreter, see torch_rows.py) ends the comparison with
exit code 1.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys

import report

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# What limits each engine to a level of the processor's instructions, and the flag that the processor must have for it. XLA's own kernels
# keep to its limit, the libraries that it calls for matrix products and convolutions do not.
LEVELS = {
    "baseline": (None, {
        "FLUXION_CPU": "baseline", "ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41",
        "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2",
    }),
    "avx2": ("avx2", {
        "FLUXION_CPU": "avx2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    }),
    "avx512": ("avx512f", {
        "FLUXION_CPU": "avx512", "ATEN_CPU_CAPABILITY": "avx512", "MKL_ENABLE_INSTRUCTIONS": "AVX512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX512",
    }),
}  # fmt: skip
ENVIRONMENTS = {"torch": ["torch", "numpy"], "jax": ["jax", "optax"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=pathlib.Path, default=ROOT / ".build" / "peers", help="folder of the peers' environments")
    parser.add_argument("--bench", type=pathlib.Path, default=ROOT / ".build" / "release" / "bench", help="Fluxion's bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--filter", nargs="+", default=["train/", "infer/", "kernel/"], metavar="TEXT")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--level", choices=LEVELS, help="limit every engine alike to this level of the processor's instructions")
    parser.add_argument("--output", type=pathlib.Path, help="the folder that takes Benchmarks/ and Guides/")
    options = parser.parse_args()
    if options.rounds < 1 or options.threads < 1:
        parser.error("--rounds and --threads: at least 1 would fit")
    if not options.bench.exists():
        parser.error(f"{options.bench} is not there; swift build -c release --product bench makes it")
    environment = limited(parser, options.level)
    peers = options.peers.resolve()
    set_up(peers)

    torch, jax = (str(peers / name / "bin" / "python") for name in ("torch", "jax"))
    common = ["--threads", str(options.threads), "--filter", *options.filter]
    engines = {
        "fluxion": [str(options.bench.resolve()), "--json", *common],
        "torch": [torch, str(HERE / "torch_rows.py"), *common],
        "torch.compile": [torch, str(HERE / "torch_rows.py"), "--compile", *common],
        "jax": [jax, str(HERE / "jax_rows.py"), *common],
    }
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "threads": options.threads,
        "rounds": options.rounds,
        "versions": versions(torch, jax),
    }
    if options.level:
        results["level"] = options.level
    rows, eager, failed = measure(engines, options.rounds, environment)
    results |= {"rows": rows} | ({"eager": eager} if eager else {})
    whole = options.filter == parser.get_default("filter") and not options.level
    if failed:
        say(f"not as it should be: {'; '.join(failed)}")
    write(results, options.output or (ROOT if whole and not failed else peers / f"results{f'-{options.level}' if options.level else ''}"))
    if failed:
        sys.exit(1)


def limited(parser, level):
    """The environment of the engines: this process's own, and what limits them to a level that the processor has."""
    if not level:
        return None
    flag, variables = LEVELS[level]
    flags = processor().get("flags", "").split()
    if flag and flag not in flags:
        parser.error(f"--level {level}: this processor does not tell that it has {flag}")
    xla = " ".join(filter(None, [os.environ.get("XLA_FLAGS"), variables["XLA_FLAGS"]]))
    return os.environ | variables | {"XLA_FLAGS": xla}


def set_up(peers):
    """Makes the environments that are not there."""
    for name, packages in ENVIRONMENTS.items():
        python = peers / name / "bin" / "python"
        if python.exists() and subprocess.run([python, "-c", f"import {', '.join(packages)}"], capture_output=True).returncode == 0:
            continue
        say(f"setting up {name} in {peers / name}")
        subprocess.run([sys.executable, "-m", "venv", peers / name], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)


def measure(engines, rounds, environment=None):
    """Each row's best time by engine, in microseconds; the rows that an engine ran eagerly, with the reason; and what went wrong.

    The engines run one after the other, round by round.
    """
    best, eager, failed = {}, {}, []
    for number in range(rounds):
        for engine, command in engines.items():
            say(f"round {number + 1} of {rounds}: {engine}")
            process = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd="/", env=environment)
            if process.returncode != 0:
                failed.append(f"{engine} ended with exit code {process.returncode} in round {number + 1}")
                say(failed[-1])
            for line in process.stdout.splitlines():
                figures = json.loads(line)
                if "us" in figures:
                    # Fluxion's own second way to do a job is a column of that job's row.
                    name = figures["row"].removeprefix("compiled/")
                    column = engine if name == figures["row"] else "compiled"
                    row = best.setdefault(name, {})
                    row[column] = min(figures["us"], row.get(column, float("inf")))
                    if "eager" in figures:
                        eager[figures["row"]] = figures["eager"]
                elif number == 0:
                    say(f"{engine} has no {figures['row']}: {figures.get('error', '')}")
    # Rows that are measured elsewhere only, such as Fluxion's own, compare nothing.
    rows = {name: row for name, row in best.items() if "fluxion" in row and report.peers(row)}
    return rows, {name: reason for name, reason in eager.items() if name in rows}, failed


def processor():
    """What Linux tells of the first processor, by name."""
    try:
        lines = open("/proc/cpuinfo").read().split("\n\n")[0].splitlines()
        return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    except OSError:
        return {}


def machine():
    """The processor's name and cores."""
    name = processor().get("model name") or platform.processor() or platform.machine()
    cores = os.cpu_count()
    return f"{name}, {cores} {'core' if cores == 1 else 'cores'}"


def versions(torch, jax):
    def version(python, package):
        command = [python, "-c", f"import importlib.metadata as m; print(m.version('{package}'))"]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip().split("+")[0]

    return {"torch": version(torch, "torch"), "jax": version(jax, "jax")}


def write(results, output):
    files = {
        "Benchmarks/Peers/results.json": json.dumps(results, indent=1) + "\n",
        "Guides/Peers.md": report.page(results),
        "Guides/peers.svg": report.chart(results),
        "Guides/peers-training.svg": report.chart(results, ["train/", "infer/"]),
    }
    for name, text in files.items():
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        say(f"wrote {path}")


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
