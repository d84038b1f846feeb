"""Rounds of turns. A time is the median over the rounds, a ratio the median of the ratios within a round, so only what ran
together is compared. Whoever does other work than harker, or works on denormal numbers, ends the whole comparison."""
import math
import statistics
import sys


def ratio(times, above, below):
    """Median over the rounds of above / below; None when one of them did not run."""
    a, b = times.get(above), times.get(below)
    return statistics.median(x / y for x, y in zip(a, b)) if a and b else None


def check(work, turns):
    """All programs reach the same numbers; in training the loss never rises; no number is denormal or none at all."""
    reference = turns[0][1]
    for who, t in turns:
        for key in ("first", "last"):
            if not abs(t[key] - reference[key]) <= work.tolerance * abs(reference[key]):
                sys.exit(f"{work.name}: {who} does other work than {turns[0][0]}: {key} is {t[key]}, not {reference[key]}")
        if work.kind == "train" and not t["last"] <= t["first"]:
            sys.exit(f"{work.name}: the loss of {who} rises from {t['first']} to {t['last']}")
        if t["denormal"] or t["not_finite"]:
            sys.exit(f"{work.name}: {who} ends with {t['denormal']} denormal and {t['not_finite']} infinite numbers or NaNs")


def steps(programs, work, runners, rounds, milliseconds):
    """`runners` are pairs (who, threads). The result is what the JSON file holds of this work."""
    times, memory, errors, turns = {}, {}, {}, []
    for _ in range(rounds):
        for runner in runners:
            who, threads = runner
            t = None if runner in errors else programs.step(who, work, threads, milliseconds)
            if t and "error" in t:
                errors[runner] = t["error"]
                print(f"{work.name}: {who} with {threads} threads: {t['error']}", file=sys.stderr)
            elif t:
                times.setdefault(runner, []).append(t["ns"])
                memory[runner] = max(memory.get(runner, 0), t.get("kib", 0))
                turns.append((f"{who} with {threads} threads", t))
    for runner in errors:
        times.pop(runner, None)  # the rounds of others would no longer be its own
    if turns:
        check(work, turns)
    return [_summary(work, threads, times, memory, errors) for threads in sorted({n for _, n in runners})]


def _summary(work, threads, times, memory, errors):
    mine = {who: t for (who, n), t in times.items() if n == threads}
    at_least, at_most = work.must.get(threads, (None, None))
    return {
        "work": work.name, "kind": work.kind, "net": work.net, "batch": work.batch, "gain": work.gain, "threads": threads,
        "must": {"libtorch": at_least, "loop": at_most},
        "median_ns": {who: statistics.median(t) for who, t in mine.items()},
        "spread": {who: max(t) / min(t) for who, t in mine.items()},
        "rounds_ns": mine,
        "kib": {who: memory[who, threads] for who in mine},
        "errors": {who: e for (who, n), e in errors.items() if n == threads},
        "over_harker": {who: ratio(mine, who, "harker") for who in mine if who != "harker" and "harker" in mine},
        "harker_over_loop": ratio(mine, "harker", "loop"),
        "over_one_thread": ratio(times, ("harker", threads), ("harker", 1)) if threads > 1 else None,
    }


def ops(programs, who, rounds, milliseconds, wanted):
    """Every operation whose name, "add forward", is `wanted`."""
    results = []
    for op, form in programs.ops():
        name = f"{op} {form}"
        if not wanted(name):
            continue
        print(name, file=sys.stderr, flush=True)
        times = {}  # (who, n) -> [ns]
        for _ in range(rounds):
            values = {}
            for w in who:
                t = programs.op(w, op, form, 1, milliseconds)
                if "error" in t:
                    sys.exit(f"{name}: {w}: {t['error']}")
                for line in t["lines"]:
                    times.setdefault((w, line["n"]), []).append(line["ns"])
                    values.setdefault(line["n"], []).append(line["value"])
            for n, v in values.items():
                if not all(math.isclose(x, v[0], rel_tol=1e-3) for x in v):  # sums of 2^22 floats, in float32 (norm)
                    sys.exit(f"{name} of {n} elements: {' and '.join(who)} do not compute the same: {v}")
        for n in sorted({n for _, n in times}):
            results.append({
                "op": op, "form": form, "n": n,
                "median_ns": {w: statistics.median(times[w, n]) for w in who},
                "rounds_ns": {w: times[w, n] for w in who},
                "libtorch_over_harker": ratio(times, ("LibTorch", n), ("harker", n)),
            })
    return results
