"""Texts and names in statements, as SQL has them."""


def quoted(text: str) -> str:
    """Return a text as a literal."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def named(*parts: str) -> str:
    """Return a name, with what it is a part of before it."""
    return ".".join('"{}"'.format(part.replace('"', '""')) for part in parts)
