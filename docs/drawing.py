"""What the pictures have in common: SVG that is legible on white and on black."""

from collections.abc import Iterable
from html import escape

# Greys in the middle have enough contrast on both.
TEXT, LINE, OURS, LIMIT, REFUSED = "#768390", "#76839055", "#2da44e", "#768390", "#e5534b"
_FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


def svg(title: str, width: int, height: int, parts: Iterable[str]) -> str:
    """Return a picture with a title for those who do not see it."""
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" font-family="{_FONT}" font-size="14">'
    )
    return "\n".join([
        root,
        f"<title>{escape(title)}</title>",
        *parts,
        "</svg>\n",
    ])


def text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 14) -> str:
    """Return words at a place."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{TEXT}" text-anchor="{anchor}" '
        f'font-size="{size}">{escape(words)}</text>'
    )
