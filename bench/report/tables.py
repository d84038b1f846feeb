"""The results as Markdown."""
from .programs import PYTHON
from .work import NOISE, SWEEPS

DID_NOT_RUN = "did not run"


def time_text(ns):
    """Three digits: 1.23 µs, 456 µs, 78.9 ms; below 1 µs, two: 0.15 µs."""
    if ns >= 1e9:
        return f"{ns / 1e9:.3g} s"
    if ns >= 1e6:
        return f"{ns / 1e6:.3g} ms"
    return f"{ns / 1e3:.3g} µs" if ns >= 1e3 else f"{ns / 1e3:.2g} µs"


def ratio_text(value):
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def verdict(value, limit, at_least):
    """'1.31 (≤ 1.7: holds)'"""
    if value is None:
        return DID_NOT_RUN
    if limit is None:
        return ratio_text(value)
    holds = value >= limit if at_least else value <= limit
    return f"{ratio_text(value)} ({'≥' if at_least else '≤'} {limit}: {'holds' if holds else '**does not hold**'})"


def table(head, rows):
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows])


def median_of(result, who):
    ns = result["median_ns"].get(who)
    return time_text(ns) if ns else DID_NOT_RUN


def rows(results):
    lines = []
    for r in results:
        one = r["threads"] == 1
        lines.append([r["work"], str(r["threads"]), median_of(r, "harker"), median_of(r, "LibTorch"),
                      median_of(r, "loop") if one else "has one thread",
                      verdict(r["over_harker"].get("LibTorch"), r["must"]["libtorch"], True),
                      verdict(r["harker_over_loop"], r["must"]["loop"], False) if one else ""])
    return table(["work", "threads", "harker", "LibTorch", "hand-written loop", "LibTorch / harker", "harker / loop"], lines)


def nets(results):
    lines = [[r["work"], str(r["threads"]), median_of(r, "harker"), median_of(r, "LibTorch"),
              verdict(r["over_harker"].get("LibTorch"), r["must"]["libtorch"], True),
              *[" ".join(f(r, w) for w in ("harker", "LibTorch") if w in r["spread"]) for f in (
                  lambda r, w: f"{r['spread'][w]:.2f}", lambda r, w: f"{r['kib'][w] / 1024:.1f}")]] for r in results]
    return table(["net", "threads", "harker", "LibTorch", "LibTorch / harker", "slowest / fastest round of each", "MiB of each"], lines)


def python(results):
    """Empty when there is none."""
    one = [r for r in results if r["threads"] == 1]
    who = [w for w in PYTHON if any(w in r["median_ns"] or w in r["errors"] for r in one)]

    def cell(r, w):
        if w in r["errors"]:
            return DID_NOT_RUN
        return f"{median_of(r, w)} ({ratio_text(r['over_harker'][w])} ×)" if w in r["over_harker"] else ""

    lines = [[r["work"], median_of(r, "harker"), *[cell(r, w) for w in who]] for r in one]
    return table(["work", "harker", *[f"{w} (÷ harker)" for w in who]], lines) if who else ""


def two_threads(results):
    """Empty when all had one thread."""
    more = [r for r in results if r["threads"] > 1]
    lines = [[r["work"], str(r["threads"]), verdict(r["over_one_thread"], NOISE, False)] for r in more]
    if not more:
        return ""
    slower = [r["work"] for r in more if r["over_one_thread"] and r["over_one_thread"] > NOISE]
    said = f"Slower by more than {100 * NOISE - 100:.0f} %: {len(slower)} of {len(more)}{': ' if slower else ''}{', '.join(slower)}."
    return table(["work", "threads", "harker / harker with one thread"], lines) + "\n\n" + said


def below(value):
    """Is harker below LibTorch? By less than the noise it is level."""
    if value is None:
        return DID_NOT_RUN
    return "below" if value >= NOISE else "level" if value >= 1 / NOISE else "**above**"


def sweep(name, results):
    one = [r for r in results if r["threads"] == 1]
    xs = [x for x, work in SWEEPS[name][2] if any(r["work"] == work.name for r in one)]
    lines = []
    for x, r in zip(xs, one):
        value = r["over_harker"].get("LibTorch")
        lines.append([str(x), median_of(r, "harker"), median_of(r, "LibTorch"), median_of(r, "loop"),
                      ratio_text(value) if value else DID_NOT_RUN, verdict(r["harker_over_loop"], None, False), below(value)])
    head = [SWEEPS[name][1], "harker", "LibTorch", "hand-written loop", "LibTorch / harker", "harker / loop", "harker's time is"]
    counts = [below(r["over_harker"]["LibTorch"]).strip("*") for r in one if "LibTorch" in r["over_harker"]]
    said = ", ".join(f"{word} at {counts.count(word)}" for word in ("below", "level", "above") if word in counts)
    if counts:
        said = f"\n\nOf {len(counts)} points harker's time, against LibTorch's, is {said}; level is within {100 * NOISE - 100:.0f} %."
    return table(head, lines) + said


def ops(results):
    sizes = sorted({r["n"] for r in results})
    names = list(dict.fromkeys((r["op"], r["form"]) for r in results))
    cells = {(r["op"], r["form"], r["n"]): time_text(r["median_ns"]["harker"]) +
             (f" ({ratio_text(r['libtorch_over_harker'])})" if r["libtorch_over_harker"] else "") for r in results}
    return table(["operation", *[f"{n:,}" for n in sizes]], [[f"{op} {form}", *[cells.get((op, form, n), "") for n in sizes]] for op, form in names])
