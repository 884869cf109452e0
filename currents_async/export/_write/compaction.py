"""Joining the files of a month, so that readers open one where they would open thirty."""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import TypeVar

from currents_async.export._windows import Window
from currents_async.export._write.data_files import DataFile
from currents_async.export._write.files import FileSink
from currents_async.export._write.sinks import Compacted
from currents_async.export._write.stores import Publication, Store

T = TypeVar("T")

_MAX_BYTES = 128 << 20
_INTENT = "_currents/compacting"
"""What is listed here may have files beside the one that has their rows, too."""


class FileLake(FileSink):
    """Files that can be compacted."""

    def compact(self, windows: Collection[Window]) -> Compacted:
        return _compact(self, windows)


def _compact(sink: FileSink, windows: Collection[Window]) -> Compacted:
    """Join the files of the months of some windows, directory by directory."""
    before = after = 0
    for table in sink.tables:
        for directory, files in sink.directories_of(table, windows):
            groups = [*groups_of(files, lambda file: sink.store.size_of(file.name))]
            if groups:
                _replace(sink, table, directory, groups)
                before += sum(map(len, groups))
                after += len(groups)
    return Compacted(files_before=before, files_after=after)


def groups_of(files: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield the files that become one each, by their sizes in bytes; not what stays alone."""
    groups: list[list[T]] = [[]]
    size = 0
    for file in files:
        bytes_more = size_of(file)
        if groups[-1] and size + bytes_more > _MAX_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(file)
        size += bytes_more
    return (group for group in groups if len(group) > 1)


def _replace(sink: FileSink, table: str, directory: str, groups: list[list[DataFile]]) -> None:
    store = sink.store
    ready: dict[DataFile, Publication] = {}
    for group in groups:
        joined = group[0]._replace(last=group[-1].last, version=0)
        rows = chain.from_iterable(
            sink.read_file(file, table, days=(file.first, file.last)) for file in group
        )
        ready[joined] = Publication(sink.stage(joined, table, rows), joined.name)
    old = [file.name for group in groups for file in group]
    if not store.replace_at_once(directory, list(ready.values()), old):
        store.write(_INTENT, directory.encode())
        store.publish_all(list(ready.values()))
        for name in old:
            store.remove(name)
        store.remove(_INTENT)
    for file in ready:
        sink.catalog.note(file)


def finish_compaction(store: Store, sink: FileSink) -> None:
    """Remove the files that a compaction left that was killed, if it did."""
    directory = store.read(_INTENT)
    if directory is not None:
        for file in sink.catalog.covered_in(directory.decode()):
            store.remove(file.name)
        store.remove(_INTENT)
