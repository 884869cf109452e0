"""The notebook of the documentation, run by Jupyter's kernel as people run it: cell by cell."""

from typing import Any

import pytest

from currents_async.testing import World
from tests.documentation import fenced
from tests.export.serving import serving

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

pytestmark = pytest.mark.engines


def test_the_notebook_of_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(seed=1)
    project = world.project("Web shop")
    before, run = (project.run(specs=3, failures=failures) for failures in (1, 2))
    monkeypatch.setenv("CURRENTS_PROJECT_ID", project.project_id)
    [block] = fenced("py")
    with serving(world) as server:
        monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
        monkeypatch.setenv("CURRENTS_API_URL", server.url)
        cells = run_cells(block.split("\n\n"))
    shown = [output["data"] for cell in cells for output in cell["outputs"]]
    first, second, table = shown
    assert f"<Run {run.run_id} FAILED main 2/3 specs failed>" in first["text/plain"]
    assert f"<td>{run.run_id}</td>" in first["text/html"]
    assert f"<RunDiff {before.run_id} to {run.run_id}: " in second["text/plain"]
    assert "<th>category</th>" in table["text/html"]


def run_cells(sources: list[str]) -> list[Any]:
    """Return cells with their outputs; raise the first error of one."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=60).execute()
    ran: list[Any] = notebook.cells
    return ran
