"""One of two runs, with its tests by places that both runs share."""

from collections.abc import Sequence

from currents_async.analysis.executed import ExecutedTest, executed_file
from currents_async.analysis.run_results import FileResults, RunResults

Group = tuple[bool, str | None]
"""Whether the name of a group begins with the CI build ID, and the rest of that name."""
Place = tuple[Group, str]
"""A group, and the path of a spec file in it."""


class Side:
    """The tests of a run by their places."""

    def __init__(self, results: RunResults) -> None:
        self.places: dict[Place, list[FileResults]] = {}
        """The executions of each spec file: several if its tests were split between machines."""
        self.failed_files: dict[Place, FileResults] = {}
        """The first execution of a spec file that failed as a whole, for each file that has one."""
        self._results = results
        for file in results.files:
            place = self._place(file.group_id, file.spec)
            self.places.setdefault(place, []).append(file)
            if file.failure is not None:
                self.failed_files.setdefault(place, file)

    def place_of(self, test: ExecutedTest) -> Place:
        return self._place(test.group_id, test.spec)

    def tests_at(self, place: Place) -> Sequence[ExecutedTest]:
        """Return the tests of a spec file, in the order of its executions."""
        executions = self.places.get(place, ())
        if len(executions) == 1:
            return executions[0].tests
        return [test for one in executions for test in one.tests]

    def files_at(self, place: Place) -> Sequence[ExecutedTest]:
        """Return a spec file as a test of its own; nothing if it is missing or has not ended."""
        file = self.failed_files.get(place)
        if file is None and place in self.places and self.knows_all_of(place):
            file = self.places[place][0]
        if file is None:
            return []
        return [executed_file(file, run_id=file.run_id, failure=file.failure)]

    def knows_all_of(self, place: Place) -> bool:
        """Return whether a test of a spec file that this run lacks did not exist in it."""
        if place not in self.places:
            return self._results.is_complete
        return all(one.is_complete for one in self.places[place])

    def _place(self, group_id: str | None, spec: str) -> Place:
        build = self._results.ci_build_id
        if build and group_id is not None and f"{group_id}-".startswith(f"{build}-"):
            return (True, group_id.removeprefix(build)), spec
        return (False, group_id), spec
