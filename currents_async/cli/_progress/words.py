"""What a command waits for, in words that fit into a line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.filesize import decimal
from rich.text import Text

from currents_async._text import counted

if TYPE_CHECKING:
    from currents_async import Progress, RateInUse, Traffic

_MAX_BAR = 30
_MIN_BAR = 8
_MINUTE = 60
_ASCII = str.maketrans("━─…", "#-.")


@dataclass
class Work:
    """Work on things that can be counted."""

    what: str
    since: float
    """When it began, by the clock that `Standing.now` is of."""
    done: int = 0
    total: int | None = None
    detail: str = ""
    look: Callable[[], object] = lambda: None
    """Is called before each look at the rest."""

    def advance(self, done: int, total: int | None, detail: str = "") -> None:
        """Note how many are done, of how many if that is known, and something more."""
        self.done, self.total, self.detail = done, total, detail

    def report(self, now: "Progress") -> None:
        """Note what a method of the library reports."""
        self.advance(now.done, now.total)

    @property
    def count(self) -> str:
        """How many of them are done."""
        of = "" if self.total is None else f"/{self.total:,}"
        return f"{self.done:,}{of} {self.what}"

    def left(self, now: float) -> str:
        """Return how long the rest will take at the pace so far, where that is known."""
        if self.total is None or not 0 < self.done < self.total:
            return ""
        seconds = (now - self.since) * (self.total - self.done) / self.done
        return f"{_about(seconds)} left"


@dataclass(frozen=True)
class Standing:
    """How a command stands."""

    work: Work | None
    rate: "RateInUse"
    traffic: "Traffic"
    began: float
    now: float

    def line(self, width: int, *, is_ascii: bool) -> Text:
        """Return a line that is at most so wide, with a bar if there is room for one."""
        words = self._fitting(width)
        room = min(_MAX_BAR, width - cell_len(words) - 1)
        text = Text(words)
        if self.work is not None and self.work.total and room >= _MIN_BAR:
            text = _bar(self.work.done / self.work.total, room).append(" ").append_text(text)
        if is_ascii:
            text.plain = text.plain.translate(_ASCII)
        return text

    def words(self) -> str:
        """Return all there is to say, for a log."""
        return _joined(self._parts())

    def _parts(self) -> list[list[str]]:
        work, traffic = self.work, self.traffic
        holds = str(self.rate)
        if work is not None:
            head = [work.count, work.detail, work.left(self.now)]
        elif self.rate.pause_left > 0:
            head = []
        else:
            head = ["waiting for the service" if self.rate.in_flight else "working"]
        elapsed = _about(self.now - self.began)
        requests = counted(traffic.requests, "request")
        if traffic.cached:
            requests += f", {traffic.cached:,} cached"
        sent = [requests, decimal(traffic.wire_bytes), elapsed]
        return [head, [holds], sent]

    def _fitting(self, width: int) -> str:
        """Leave out what matters least until the rest fits, and cut what still does not."""
        parts = self._parts()
        for group, place in ((2, 1), (2, 0), (1, 0), (2, 2), (0, 1), (0, 2)):
            if cell_len(words := _joined(parts)) <= width:
                return words
            # What it is paused for is said as long as there is room for anything.
            if place < len(parts[group]) and not (group == 1 and self.rate.pause_left > 0):
                parts[group][place] = ""
        words = _joined(parts)
        return words if cell_len(words) <= width else set_cell_size(words, width - 1) + "…"


def _about(seconds: float) -> str:
    """Return how long something takes, to the second or the minute."""
    if round(seconds) < _MINUTE:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / _MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _joined(parts: Sequence[Sequence[str]]) -> str:
    groups = (", ".join(filter(None, group)) for group in parts)
    return "; ".join(filter(None, groups))


def _bar(share: float, width: int) -> Text:
    filled = round(min(1.0, share) * width)
    return Text.assemble(("━" * filled, "cyan"), ("─" * (width - filled), "dim"))
