"""What the peers' scripts share: the rows that are wanted, the clock, and the line that is printed for each.

A row is a name and a function that makes its inputs and gives the job: a function without arguments. A job's time is that of the fastest of
eight batches of calls after a warm-up, as in Benchmarks/Timer.swift; the inputs are made outside the clock.
"""

import argparse
import json
import resource
import time


def arguments(description):
    """The arguments of every peer's script."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--filter", nargs="+", default=[""], metavar="TEXT", help="only rows whose names contain one of these")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", action="store_true", help="print the process's peak memory after twenty calls instead; one row a process")
    return parser


def run(engine, rows, options, finish=lambda result: None, begin=lambda: None, check=lambda figures: True):
    """Prints one JSON object for each wanted row; gives the names of those that `check` found wrong.

    `finish` waits for what a job has begun, `begin` runs before a row is prepared, `check` looks at a row's figures before they are printed.
    """
    wrong = []
    for name, prepare in rows.items():
        if not any(text in name for text in options.filter):
            continue
        figures = {"row": name, "engine": engine}
        try:
            begin()
            job = prepare()
            if options.memory:
                for _ in range(20):
                    finish(job())
                figures["resident"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
            else:
                figures["us"] = round(fastest(job, finish) * 1e6, 3)
        except Exception as error:  # A row that a peer cannot do is no reason to leave out the others.
            figures["error"] = str(error)[:200]
        if not check(figures):
            wrong.append(name)
        print(json.dumps(figures), flush=True)
    return wrong


def fastest(job, finish):
    """Seconds a call."""
    for _ in range(3):
        finish(job())
    start = time.perf_counter()
    finish(job())
    calls = max(1, min(1000, int(0.08 / max(time.perf_counter() - start, 1e-7))))
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        for _ in range(calls):
            result = job()
        finish(result)
        best = min(best, (time.perf_counter() - start) / calls)
    return best
