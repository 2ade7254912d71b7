"""Parameters of a notebook, by papermill's convention, for cells in TypeScript."""

import json
import re

import nbformat

TAG = "parameters"
INJECTED = "injected-parameters"


def parse_value(text):
    """A value of the command line: JSON if it is (0.5, true, [1, 2], "64"), else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def has_tag(cell, tag):
    return tag in cell.metadata.get("tags", [])


def inject(notebook, parameters):
    """Adds a cell that sets the parameters after the cell tagged `parameters`, in place.

    Returns an explanation if the notebook takes none, else None. A parameter that the tagged cell does
    not declare is an error of the compiler when the cell runs.
    """
    for name in parameters:
        if not re.fullmatch(r"[A-Za-z_$][\w$]*", name):
            raise ValueError(f"'{name}' is no name of a variable")
    notebook.cells = [cell for cell in notebook.cells if not has_tag(cell, INJECTED)]
    if not parameters:
        return None
    place = next((i for i, cell in enumerate(notebook.cells) if has_tag(cell, TAG)), None)
    if place is None:
        return f"it has no cell tagged '{TAG}', so it runs with its own values"
    lines = [f"{name} = {json.dumps(value)};" for name, value in parameters.items()]
    cell = nbformat.v4.new_code_cell("// Parameters of this run\n" + "\n".join(lines))
    cell.metadata["tags"] = [INJECTED]
    notebook.cells.insert(place + 1, cell)
    return None
