"""Charts as SVG, written by hand: lines over two logarithmic axes, and bars over one."""
import math
from html import escape

from .tables import ratio_text

NAMES = {("harker", 1): "harker", ("LibTorch", 1): "LibTorch", ("loop", 1): "hand-written loop", ("harker", 2): "harker, 2 threads"}
# Okabe and Ito's colours: they stay apart for the colour-blind, too.
COLOURS = {"harker": "#0072B2", "LibTorch": "#D55E00", "hand-written loop": "#5F6670", "harker, 2 threads": "#56B4E9"}
MARKERS = {"harker": "circle", "LibTorch": "square", "hand-written loop": "diamond", "harker, 2 threads": "circle"}
DASHES = {"harker, 2 threads": "5 4"}
TEXT, FAINT, GRID, MINOR = "#1F2328", "#57606A", "#D8DEE4", "#EEF1F4"


def _text(x, y, content, size=13, anchor="start", colour=TEXT, weight="normal", rotate=None):
    turned = f' transform="rotate({rotate} {x:.1f} {y:.1f})"' if rotate else ""
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}"{turned}>{escape(content)}</text>')


def _line(x1, y1, x2, y2, colour, width=1.0, dash=None):
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def _marker(x, y, name):
    colour, shape = COLOURS[name], MARKERS[name]
    style = f'fill="{colour}" stroke="white" stroke-width="1.2"'
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.6" {style}/>'
    turned = f' transform="rotate(45 {x:.1f} {y:.1f})"' if shape == "diamond" else ""
    return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" {style}{turned}/>'


def _picture(width, height, title, subtitle, parts):
    font = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif"
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'font-family="{font}" role="img"><title>{escape(title)}</title>',
            f'<rect width="{width}" height="{height}" rx="6" fill="white"/>',
            _text(24, 32, title, 18, weight="600"), _text(24, 53, subtitle, 12.5, colour=FAINT)]
    return "\n".join([*head, *parts, "</svg>"]) + "\n"


def _decades(low, high):
    return range(math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9) + 1)


def lines(title, subtitle, x_label, series):
    """`series` is {name of COLOURS: [(x, nanoseconds)]}; points lie at the same x in each."""
    width, height, left, right, top, bottom = 860, 520, 84, 836, 100, 460
    xs = sorted({x for points in series.values() for x, _ in points})
    ns = [t for points in series.values() for _, t in points]
    decades = _decades(min(ns), max(ns) * 1.01)
    low, high = decades[0], max(decades[-1], decades[0] + 1)
    span = math.log10(xs[-1] / xs[0]) or 1

    def at_x(x):
        return left + 16 + (right - left - 32) * math.log10(x / xs[0]) / span

    def at_y(t):
        return bottom - (bottom - top) * (math.log10(t) - low) / (high - low)

    parts = []
    for decade in range(low, high + 1):
        y = at_y(10.0 ** decade)
        if decade < high:
            parts += [_line(left, at_y(k * 10.0 ** decade), right, at_y(k * 10.0 ** decade), MINOR) for k in range(2, 10)]
        parts += [_line(left, y, right, y, GRID), _text(left - 10, y + 4.5, _decade_text(decade), 12.5, "end")]
    for x in xs:
        parts += [_line(at_x(x), top, at_x(x), bottom, MINOR), _line(at_x(x), bottom, at_x(x), bottom + 5, FAINT),
                  _text(at_x(x), bottom + 20, f"{x:,}", 12.5, "middle")]
    parts += [_line(left, bottom, right, bottom, FAINT), _text((left + right) / 2, bottom + 44, x_label, 13.5, "middle"),
              _text(24, (top + bottom) / 2, "time per step", 13.5, "middle", rotate=-90)]
    for name, points in reversed(series.items()):  # the first lies on top
        dash = f' stroke-dasharray="{DASHES[name]}"' if name in DASHES else ""
        path = " ".join(f"{at_x(x):.1f},{at_y(t):.1f}" for x, t in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2.4" stroke-linejoin="round"{dash}/>')
        parts += [_marker(at_x(x), at_y(t), name) for x, t in points]
    legend = left
    for name in series:
        parts += [_line(legend, 79, legend + 30, 79, COLOURS[name], 2.4, DASHES.get(name)), _marker(legend + 15, 79, name),
                  _text(legend + 38, 83.5, name, 13.5, colour=COLOURS[name], weight="600")]
        legend += 72 + 8.2 * len(name)
    return _picture(width, height, title, subtitle, parts)


def _decade_text(decade):
    unit, exponent = next((u, e) for u, e in (("s", 9), ("ms", 6), ("µs", 3), ("ns", 0)) if decade >= e)
    return f"{10 ** (decade - exponent)} {unit}"


def bars(title, subtitle, groups):
    """`groups` is [(label, [(name of COLOURS, factor, limit or None)])]: how many times harker is as fast as the named one."""
    width, left, right, top, bar, gap = 860, 312, 786, 112, 17, 15
    factors = [f for _, g in groups for _, *values in g for f in values if f]
    low, high = math.log10(min(0.5, *factors)), math.log10(max(10, *factors))

    def at(factor):
        return left + (right - left) * (math.log10(factor) - low) / (high - low)

    height = top + sum(len(g) * bar + gap for _, g in groups) + 52
    bottom = height - 52
    parts = [_line(at(t), top - 8, at(t), bottom, GRID) for t in (1, 10, 100, 1000) if low <= math.log10(t) <= high]
    parts += [_text(at(t), bottom + 18, f"{t} ×" if t > 1 else "as fast", 12.5, "middle") for t in (1, 10, 100, 1000)
              if low <= math.log10(t) <= high]
    legend = 24
    for name in dict.fromkeys(name for _, g in groups for name, *_ in g):
        parts += [f'<rect x="{legend}" y="73" width="13" height="13" rx="2" fill="{COLOURS[name]}"/>',
                  _text(legend + 19, 84, f"against {name}", 13, colour=TEXT)]
        legend += 62 + 7.6 * len(f"against {name}")
    parts += [_line(legend, 72, legend, 88, TEXT, 2.4), _text(legend + 9, 84, "what is asked for", 13)]
    y = top
    for label, group in groups:
        parts.append(_text(left - 14, y + len(group) * bar / 2 + 4.5, label, 13, "end"))
        for name, factor, limit in group:
            x0, x1 = sorted((at(1), at(factor)))
            parts.append(f'<rect x="{x0:.1f}" y="{y + 1}" width="{max(x1 - x0, 1):.1f}" height="{bar - 2}" rx="2" fill="{COLOURS[name]}"/>')
            end = x1
            if limit:
                parts.append(_line(at(limit), y - 1, at(limit), y + bar + 1, TEXT, 2.4))
                end = max(x1, at(limit))
            parts.append(_text(end + 7, y + bar - 4, f"{ratio_text(factor)} ×", 12.5))
            y += bar
        y += gap
    parts.append(_line(at(1), top - 8, at(1), bottom, TEXT))
    return _picture(width, height, title, subtitle, parts)


def sweep(title, subtitle, x_label, points):
    """`points` is [(x, [results of that work])]."""
    series = {}
    for x, results in points:
        for r in results:
            for who, ns in r["median_ns"].items():
                name = NAMES.get((who, r["threads"]))
                if name:
                    series.setdefault(name, []).append((x, ns))
    return lines(title, subtitle, x_label, series)


def rows(title, subtitle, results):
    groups = []
    for r in results:
        if r["threads"] > 1 and not r["must"]["libtorch"]:
            continue
        bars_of_row = []
        if "LibTorch" in r["over_harker"]:
            bars_of_row.append(("LibTorch", r["over_harker"]["LibTorch"], r["must"]["libtorch"]))
        if r["harker_over_loop"]:
            limit = r["must"]["loop"]
            bars_of_row.append(("hand-written loop", 1 / r["harker_over_loop"], 1 / limit if limit else None))
        if bars_of_row:
            groups.append((r["work"] + (f", {r['threads']} threads" if r["threads"] > 1 else ""), bars_of_row))
    return bars(title, subtitle, groups) if groups else None
