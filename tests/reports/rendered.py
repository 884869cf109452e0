"""Markdown as a parser of CommonMark and of GitHub's tables reads it."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable("table")

_SUMMARY = re.compile(r"<details>\n<summary>([A-Z][a-z ]+|. <code>[^<>]*</code> \(.*\))</summary>")
_OURS = ("</details>", "<!-- currents-async: report -->")


class Rendered:
    """What a reader sees of a document."""

    def __init__(self, text: str) -> None:
        self.blocks = PARSER.parse(text)
        self.inlines = [child for block in self.blocks for child in block.children or ()]

    @property
    def foreign_html(self) -> list[str]:
        """HTML that reports do not write themselves."""
        return [
            token.content
            for token in (*self.blocks, *self.inlines)
            if token.type in {"html_block", "html_inline"} and not _is_ours(token)
        ]

    @property
    def texts(self) -> list[str]:
        """What GitHub looks through for mentions, references and addresses."""
        return [token.content for token in self.inlines if token.type == "text"]

    @property
    def code(self) -> list[str]:
        return [token.content for token in self.inlines if token.type == "code_inline"]

    @property
    def links(self) -> list[str]:
        return [str(token.attrs["href"]) for token in self.inlines if token.type == "link_open"]

    @property
    def fences(self) -> list[Token]:
        return [token for token in self.blocks if token.type == "fence"]

    @property
    def headings(self) -> list[str]:
        return list(self._after("heading_open"))

    @property
    def is_balanced(self) -> bool:
        """Whether each fold that opens is closed before the next one opens."""
        html = "".join(token.content for token in self.blocks if token.type == "html_block")
        folds = re.findall(r"</?details>", html)
        return folds == ["<details>", "</details>"] * (len(folds) // 2)

    def _after(self, kind: str) -> Iterator[str]:
        for token, following in zip(self.blocks, self.blocks[1:], strict=False):
            if token.type == kind:
                yield following.content


def _is_ours(token: Token) -> bool:
    content = token.content.strip()
    return content in _OURS or _SUMMARY.fullmatch(content) is not None
