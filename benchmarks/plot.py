"""A bar chart as SVG, legible on white and on black."""

from collections.abc import Mapping
from html import escape

_WIDTH, _ROW, _TOP, _LABELS, _VALUES = 760, 28, 44, 250, 80
# Greys in the middle have enough contrast on both of GitHub's backgrounds.
_TEXT, _OURS, _OTHERS = "#768390", "#2da44e", "#8c959f"
_FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


def draw(title: str, bars: Mapping[str, float], ours: str) -> str:
    """Return bars by their labels as a text of SVG, the shortest first; emphasize our own."""
    longest = max(bars.values(), default=0) or 1
    rows = [
        _row(index, label, value, value / longest, ours in label)
        for index, (label, value) in enumerate(sorted(bars.items(), key=lambda bar: bar[1]))
    ]
    height = _TOP + _ROW * len(rows) + 8
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" font-family="{_FONT}" font-size="14">'
    )
    return "\n".join([
        root,
        f"<title>{escape(title)}</title>",
        f'<text x="0" y="22" fill="{_TEXT}" font-size="16">{escape(title)}</text>',
        *rows,
        "</svg>\n",
    ])


def _row(index: int, label: str, value: float, share: float, is_ours: bool) -> str:  # noqa: FBT001
    top = _TOP + _ROW * index
    width = max(1.0, share * (_WIDTH - _LABELS - _VALUES))
    weight = ' font-weight="bold"' if is_ours else ""
    text = f'y="{top + 15}" fill="{_TEXT}"{weight}'
    return (
        f'<text x="{_LABELS - 10}" {text} text-anchor="end">{escape(label)}</text>'
        f'<rect x="{_LABELS}" y="{top}" width="{width:.1f}" height="20" rx="3" '
        f'fill="{_OURS if is_ours else _OTHERS}"/>'
        f'<text x="{_LABELS + width + 8:.1f}" {text}>{value:.1f}x</text>'
    )
