"""The notebooks run from top to bottom, and are stored with their outputs."""

import pathlib

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = pathlib.Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# In place of the cell tagged "parameters".
FAST = "EPOCHS = 1\nTRIALS = 1"
# Before the first cell: a part of the embedded data is enough.
FEW = """
import rnnkit

whole = rnnkit.Recipe.data


def few(recipe, *arguments, **options):
    data = whole(recipe, *arguments, **options)
    if arguments or options:
        return data
    parts = (data.train.take(200), data.validation.take(60), data.test.take(60))
    return rnnkit.data.Data(*parts, source=data.source, info=data.info)


rnnkit.Recipe.data = few
"""


def test_there_is_a_notebook_a_pattern():
    patterns = {"one_to_one", "many_to_one", "forecasting", "encoder_decoder"}
    patterns |= {"speech_and_handwriting", "one_to_many", "many_to_many", "cells"}
    assert patterns <= {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_are_complete(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(pictures) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_in_a_fast_setting(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    (parameters,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert set(_names(parameters.source)) == set(_names(FAST))
    parameters.source = FAST
    notebook.cells.insert(0, nbformat.v4.new_code_cell(FEW))
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()


def _names(source):
    return [line.split("=")[0].strip() for line in source.splitlines()]
