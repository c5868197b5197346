"""The results as a page and as a chart."""

import html
import math

ENGINES = {"torch": "PyTorch", "torch.compile": "torch.compile", "jax": "JAX"}
GROUPS = {"train/": "Training steps", "infer/": "Answers", "kernel/": "Operators"}


def peers(row):
    """The peers' times."""
    return [time for engine, time in row.items() if engine in ENGINES]


def speedup(row):
    """How many times as fast as the fastest peer."""
    return min(peers(row)) / row["fluxion"]


def fastest(row):
    return min(ENGINES, key=lambda engine: row.get(engine, math.inf))


def grouped(results):
    """Title and rows of each group that has some; where the engines are limited without JAX's times, which are not as the others are."""
    for prefix, title in GROUPS.items():
        rows = [(name, row) for name, row in results["rows"].items() if name.startswith(prefix)]
        if "level" in results:
            rows = [(name, {engine: time for engine, time in row.items() if engine != "jax"}) for name, row in rows]
        rows = [(name, row) for name, row in rows if peers(row)]
        if rows:
            yield title, rows


def mean(rows):
    """The geometric mean of the rows' speedups."""
    return math.exp(sum(math.log(speedup(row)) for _, row in rows) / len(rows))


def circumstances(results):
    versions = results["versions"]
    threads = results["threads"]
    level = f", limited to {results['level']}" if "level" in results else ""
    return (
        f"{results['machine']}{level}, {threads} {'thread' if threads == 1 else 'threads'}, float32, {results['date']}; "
        f"PyTorch {versions['torch']}, JAX {versions['jax']}"
    )


def page(results):
    lines = [
        "# Beside PyTorch and JAX",
        "",
        f"{circumstances(results)}.",
        "",
        f"Microseconds a call: each engine's best of {results['rounds']} rounds, in which the engines ran one after the other. The last column is how",
        "many times as fast as the fastest peer Fluxion is, operator by operator; `compiled` is the same job [as a plan](Compiled.md).",
        "`make bench-peers` measures and writes this page; the jobs are defined in [Benchmarks/Peers](../Benchmarks/Peers).",
        "",
        "![How many times as fast as the fastest peer](peers.svg)",
    ]
    if "level" in results:
        lines += [
            "",
            f"Every engine is limited to {results['level']}, but for JAX's matrix products and convolutions, which XLA's flag does not limit:",
            "its times (†) are told, and do not count in the last column.",
        ]
    eager = results.get("eager", {})
    if eager:
        lines += ["", f"‡ Run eagerly by torch.compile, by its own account: {'; '.join(sorted(set(eager.values())))}."]
    engines = dict(ENGINES) | ({"jax": f"{ENGINES['jax']} †"} if "level" in results else {})
    for title, rows in grouped(results):
        wins = sum(speedup(row) >= 1 for _, row in rows)
        own = {"fluxion": "Fluxion"} | ({"compiled": "compiled"} if any("compiled" in row for _, row in rows) else {})
        lines += [
            "",
            f"## {title}",
            "",
            f"{mean(rows):.2f} times as fast in the geometric mean; at least as fast in {wins} of {len(rows)}.",
            "",
            "| row | " + " | ".join([*own.values(), *engines.values()]) + " | times as fast |",
            "|---|" + "---:|" * (len(own) + len(ENGINES) + 1),
        ]
        for name, row in rows:
            all_times = results["rows"][name]
            marks = {"torch.compile": " ‡"} if name in eager else {}
            times = " | ".join(
                digits(all_times[engine]) + marks.get(engine, "") if engine in all_times else "–" for engine in [*own, *ENGINES])
            factor = f"{speedup(row):.2f}"
            lines.append(f"| {name} | {times} | {factor if speedup(row) >= 1 else f'**{factor}**'} |")
    return "\n".join(lines) + "\n"


def digits(time):
    return f"{time:.0f}" if time >= 100 else f"{time:.1f}" if time >= 10 else f"{time:.2f}"


# The chart: a bar for each row from 1, "as fast as the fastest peer", on a logarithmic axis. It stands on a card of its own, so that it
# can be read on any background, and follows the reader's choice of light or dark where the viewer tells it.

STYLE = """
  .card { fill: #ffffff; stroke: #e5e7eb } .ink { fill: #1f2937 } .gray { fill: #6b7280 } .grid { stroke: #e5e7eb } .one { stroke: #6b7280 }
  .faster { fill: #2563eb } .slower { fill: #ea580c }
  @media (prefers-color-scheme: dark) {
    .card { fill: #111827; stroke: #374151 } .ink { fill: #f3f4f6 } .gray { fill: #9ca3af } .grid { stroke: #374151 } .one { stroke: #9ca3af }
    .faster { fill: #60a5fa } .slower { fill: #fb923c }
  }
"""
WIDTH, LEFT, RIGHT, TOP, LINE = 960, 330, 780, 112, 20


def chart(results, prefixes=tuple(GROUPS)):
    """The chart of the groups with these prefixes; of training and answers it is the README's."""
    titles = [GROUPS[prefix] for prefix in prefixes]
    groups = [(title, rows) for title, rows in grouped(results) if title in titles]
    factors = [speedup(row) for _, rows in groups for _, row in rows]
    low, high = min([0.5, *factors]) * 0.95, max([2.0, *factors]) * 1.05
    height = TOP + sum(LINE * len(rows) + 48 for _, rows in groups) + 44

    def x(factor):
        return LEFT + (math.log(factor) - math.log(low)) / (math.log(high) - math.log(low)) * (RIGHT - LEFT)

    peers = "PyTorch and torch.compile" if "level" in results else "PyTorch, torch.compile and JAX"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        "font-family=\"Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif\" font-size=\"13\">",
        "<title>How many times as fast as the fastest peer Fluxion is</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        text(32, 42, f"Fluxion beside the fastest of {peers}", "ink", 'font-size="20" font-weight="600"'),
        text(32, 64, circumstances(results), "gray"),
        text(32, 84, "times as fast, logarithmic; right of the line Fluxion is ahead", "gray"),
    ]
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= tick <= high]
    for tick in ticks:
        kind = "one" if tick == 1 else "grid"
        parts.append(f'<line class="{kind}" x1="{x(tick):.1f}" y1="{TOP}" x2="{x(tick):.1f}" y2="{height - 44}"/>')
        parts.append(text(x(tick), height - 24, f"{tick:g}×", "gray", 'text-anchor="middle"'))
    y = TOP
    for title, rows in groups:
        parts.append(text(32, y + 26, title, "ink", 'font-size="15" font-weight="600"'))
        parts.append(text(WIDTH - 32, y + 26, f"mean {mean(rows):.2f}×", "gray", 'text-anchor="end"'))
        y += 38
        for name, row in rows:
            factor = speedup(row)
            start, end = sorted((x(1), x(factor)))
            kind = "faster" if factor >= 1 else "slower"
            parts.append(text(LEFT - 16, y + 14, name, "ink", 'text-anchor="end"'))
            parts.append(f'<rect class="{kind}" x="{start:.1f}" y="{y + 3}" width="{max(1.5, end - start):.1f}" height="14" rx="2"/>')
            label = f"{factor:.2f}× {ENGINES[fastest(row)]}"
            parts.append(text(max(end, x(1)) + 8, y + 14, label, "gray"))
            y += LINE
        y += 10
    return "\n".join(parts) + "\n</svg>\n"


def text(x, y, content, kind, style=""):
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" {style}>{html.escape(content)}</text>'
