"""docs/notebooks/quickstart.ipynb from top to bottom, and the line that says how far a run is."""

import os
import warnings
from pathlib import Path
from typing import Any

import pytest

import zobench as zo
from zobench import watching

ROOT = Path(__file__).parents[1]


def executed(notebook, folder):
    """The notebook after it has run in a kernel of this checkout, in a folder of its own."""
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient: pip install 'zobench[notebook]'")
    pytest.importorskip("ipykernel", reason="needs ipykernel: pip install 'zobench[notebook]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])))
            nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


@pytest.mark.slow
def test_the_quickstart_runs_and_ends_in_a_comparison_and_a_picture(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat: pip install 'zobench[notebook]'")
    made: Any = nbformat.read(ROOT / "docs" / "notebooks" / "quickstart.ipynb", as_version=4)
    nbformat.validate(made)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert len(code) <= 10 and not any(cell.outputs or cell.execution_count for cell in code)
    cells = [cell for cell in executed(made, tmp_path).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    shown = [output.data for output in outputs if output.output_type == "execute_result"]
    assert any("image/png" in data for data in shown) and any("text/html" in data for data in shown)
    assert "10 of 10 runs reached" in shown[0]["text/plain"] and shown[-1]["text/plain"].endswith("True")


@pytest.mark.slow
def test_a_notebook_says_how_far_a_run_is(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat: pip install 'zobench[notebook]'")
    text = "import zobench as zo\nfrom zobench import watching\nwatching.AFTER = watching.EVERY = 0.0\n"
    text += "result = zo.run(zo.problems.quadratic(8), zo.two_point(), seeds=2)"
    quiet = text.replace("seeds=2", "seeds=2, progress=False")
    cells = [nbformat.v4.new_code_cell(each) for each in (text, quiet)]
    told, silent = executed(nbformat.v4.new_notebook(cells=cells), tmp_path).cells
    assert [output.output_type for output in told.outputs] == ["display_data"] and not silent.outputs


def test_a_run_says_how_far_it_is_where_it_is_asked(monkeypatch, capsys):
    quick = zo.run(zo.problems.quadratic(4), zo.autodiff(), progress=True)
    assert quick.outcomes[0] == "reached" and capsys.readouterr().err == ""
    monkeypatch.setattr(watching, "AFTER", 0.0)
    monkeypatch.setattr(watching, "EVERY", 0.0)
    zo.run(zo.problems.quadratic(4), zo.autodiff())
    assert capsys.readouterr().err == ""
    zo.run(zo.problems.quadratic(4), zo.autodiff(), progress=True)
    said = capsys.readouterr().err
    assert "theory: iteration " in said and " of at most 1,000, 0 s" in said and said.endswith("\x1b[K")
