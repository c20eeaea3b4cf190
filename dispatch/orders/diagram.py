"""The order's table as a picture: states and the steps between them, drawn from ``dispatch.orders.workflow`` as SVG."""

from __future__ import annotations

from collections import defaultdict
from xml.sax.saxutils import escape

from dispatch.orders.workflow import TABLE, State

_WIDTH, _HEIGHT = 1180, 640
_BOX = (132, 46)
_AT = {
    State.REGISTERED: (90, 110),
    State.DISPATCHED: (350, 110),
    State.ACCEPTED: (640, 110),
    State.ANSWERED: (890, 110),
    State.CLOSED: (1090, 110),
    State.OBJECTED: (270, 330),
    State.HELD: (640, 330),
    State.MERGED: (660, 520),
    State.WITHDRAWN: (240, 540),
}
"""Middles of the boxes."""

_HALO = 'paint-order="stroke" stroke="var(--surface, #fff)" stroke-width="4"'
"""Keeps words readable where a line runs behind them."""

_EVERYWHERE = frozenset({"withdraw", "merge"})
"""Steps from nearly every open state: said in words under their target, not as a dozen lines."""


def svg() -> str:
    """Return the diagram as an SVG element; it describes itself to readers who can't see it."""
    edges: dict[tuple[State, State], list[str]] = defaultdict(list)
    for row in TABLE:
        for source in sorted(row.sources, key=list(State).index):
            if row.target and row.target is not source and row.name not in _EVERYWHERE:
                edges[source, row.target].append(row.label)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" aria-labelledby="life-title life-text" '
        'xmlns="http://www.w3.org/2000/svg" font-family="inherit" font-size="13">',
        '<title id="life-title">工单流转图</title>',
        f'<desc id="life-text">{escape(_described(edges))}</desc>',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="currentColor"/></marker></defs>',
    ]
    parts += [_edge(source, target, labels) for (source, target), labels in edges.items()]
    parts += [_box(state) for state in State]
    for name in sorted(_EVERYWHERE):
        row = next(each for each in TABLE if each.name == name)
        assert row.target is not None
        x, y = _AT[row.target]
        sources = "、".join(state.label for state in State if state in row.sources)
        parts.append(
            f'<text x="{x}" y="{y + _BOX[1] / 2 + 18}" text-anchor="middle" fill="currentColor">{escape(row.label)}：自{sources}</text>'
        )
    return "".join([*parts, "</svg>"])


def _described(edges: dict[tuple[State, State], list[str]]) -> str:
    return "；".join(f"{source.label}到{target.label}：{'、'.join(labels)}" for (source, target), labels in edges.items())


def _box(state: State) -> str:
    x, y = _AT[state]
    width, height = _BOX
    ends = state in (State.CLOSED, State.WITHDRAWN)
    return (
        f'<g><rect x="{x - width / 2}" y="{y - height / 2}" width="{width}" height="{height}" rx="{height / 2 if ends else 8}" '
        f'fill="var(--surface, #fff)" stroke="currentColor" stroke-width="{2 if ends else 1}"/>'
        f'<text x="{x}" y="{y + 5}" text-anchor="middle" fill="currentColor">{escape(state.label)}</text></g>'
    )


def _edge(source: State, target: State, labels: list[str]) -> str:
    """Return a curved arrow; the bend keeps the two directions between a pair of states apart."""
    (x1, y1), (x2, y2) = _AT[source], _AT[target]
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    across = ((y2 - y1) / length, -(x2 - x1) / length)
    bend = 26 + length * 0.10
    middle = ((x1 + x2) / 2 + across[0] * bend, (y1 + y2) / 2 + across[1] * bend)
    start, end = _border((x1, y1), middle), _border((x2, y2), middle)
    top = (0.25 * start[0] + 0.5 * middle[0] + 0.25 * end[0], 0.25 * start[1] + 0.5 * middle[1] + 0.25 * end[1])
    sideways = abs(across[0]) > 0.7
    anchor = "middle" if not sideways else "start" if across[0] > 0 else "end"
    x = top[0] + (6 if across[0] > 0 else -6) * sideways
    y = top[1] - (0 if sideways else 6) - 15 * (len(labels) - 1) * (across[1] < 0)
    lines = "".join(f'<tspan x="{x:.0f}" dy="{15 if n else 0}">{escape(label)}</tspan>' for n, label in enumerate(labels))
    return (
        f'<path d="M{start[0]:.0f} {start[1]:.0f}Q{middle[0]:.0f} {middle[1]:.0f} {end[0]:.0f} {end[1]:.0f}" fill="none" '
        f'stroke="currentColor" opacity=".55" marker-end="url(#arrow)"/>'
        f'<text y="{y:.0f}" text-anchor="{anchor}" fill="currentColor" {_HALO}>{lines}</text>'
    )


def _border(middle: tuple[float, float], towards: tuple[float, float]) -> tuple[float, float]:
    """Return where a line from the middle of a box leaves it."""
    dx, dy = towards[0] - middle[0], towards[1] - middle[1]
    scale = min(_BOX[0] / 2 / abs(dx) if dx else 9e9, _BOX[1] / 2 / abs(dy) if dy else 9e9)
    return middle[0] + dx * scale, middle[1] + dy * scale
