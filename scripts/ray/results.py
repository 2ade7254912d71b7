"""What a search has found: a table, and parallel coordinates."""

import os

import plotly.express as px


def table(grid, names):
    """One row for each trial, the settings first: pandas.DataFrame."""
    frame = grid.get_dataframe()
    frame = frame.rename(columns={f"config/{name}": name for name in names})
    kept = ["trial_id", *names, "step", "loss", "accuracy"]
    return frame[[name for name in kept if name in frame]]


def write(grid, folder, *, metric, names):
    """Writes trials.csv and parallel.html, and prints the table, the best trial first."""
    frame = table(grid, names).sort_values(metric, ascending=metric == "loss")
    frame.to_csv(os.path.join(folder, "trials.csv"), index=False)
    print(frame.to_string(index=False))
    numbers = frame.select_dtypes("number")
    figure = px.parallel_coordinates(numbers, color=metric, dimensions=list(numbers))
    figure.write_html(os.path.join(folder, "parallel.html"))
    print(f"trials.csv and parallel.html, in {folder}")
    for error in grid.errors:
        print(f"A trial failed: {error}")
