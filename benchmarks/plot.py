"""A bar chart as SVG, legible on white and on black."""

from html import escape

from benchmarks.report import Bar, Chart, number

_WIDTH, _ROW, _TOP, _LABELS, _VALUES = 760, 28, 44, 250, 80
# Greys in the middle have enough contrast on both of GitHub's backgrounds.
_TEXT, _OURS, _OTHERS = "#768390", "#2da44e", "#8c959f"
_FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


def draw(chart: Chart) -> str:
    """Return the chart as a text of SVG."""
    longest = max((bar.value for bar in chart.bars), default=0) or 1
    rows = [_row(index, bar, longest, chart.unit) for index, bar in enumerate(chart.bars)]
    height = _TOP + _ROW * len(rows) + 8
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" font-family="{_FONT}" font-size="14">'
    )
    return "\n".join([
        root,
        f"<title>{escape(chart.title)}</title>",
        f'<text x="0" y="22" fill="{_TEXT}" font-size="16">{escape(chart.title)}</text>',
        *rows,
        "</svg>\n",
    ])


def _row(index: int, bar: Bar, longest: float, unit: str) -> str:
    top = _TOP + _ROW * index
    width = max(1.0, bar.value / longest * (_WIDTH - _LABELS - _VALUES))
    weight = ' font-weight="bold"' if bar.ours else ""
    text = f'y="{top + 15}" fill="{_TEXT}"{weight}'
    return (
        f'<text x="{_LABELS - 10}" {text} text-anchor="end">{escape(bar.label)}</text>'
        f'<rect x="{_LABELS}" y="{top}" width="{width:.1f}" height="20" rx="3" '
        f'fill="{_OURS if bar.ours else _OTHERS}"/>'
        f'<text x="{_LABELS + width + 8:.1f}" {text}>{number(bar.value, 1, unit)}</text>'
    )
