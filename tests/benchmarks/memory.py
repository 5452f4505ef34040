"""Which cell remembers what, and for how long: the standard memory tasks, at equal size.

    python -m tests.benchmarks.memory [--tasks adding,parity] [--cells lstm,gru] [--lags 10,50]

Every cell has the units that give its model about 2,500 parameters (a reservoir's fixed ones
included) and at most 2,000 updates on 32 newly drawn examples each, by Adam with a learning rate
of 0.01 and gradients clipped to norm 1; a training ends before once it is clearly solved, its
error on 500 validation examples being .8 of the threshold. Scores are those of 2,000 test examples
with the weights that were best on the validation examples, over the seeds 1, 2 and 3.

Finished runs are kept (`--directory`), so that the table can be made in parts: the same command
goes on where it was stopped. At the end the table of the README is printed.
"""

import rnnkit
from rnnkit.comparison.tasks import standard as memory_tasks
from tests.benchmarks import ledger

CELLS = ("dense", "simple_rnn", "lstm", "gru", "esn")
LAGS = (10, 50, 100, 200)
SEEDS = (1, 2, 3)
SETTINGS = {
    "budget": 2_000,
    "batch_size": 32,
    "parameters": 2_500,
    "options": {"learning_rate": 1e-2},
}


def markdown(results):
    """The table of the README: a line a task and cell, a column a lag."""
    lags = sorted({row["lag"] for result in results for row in result.records})
    names = ["task", "cell", *(f"lag {lag}" for lag in lags), "longest lag", "ms a step"]
    lines = [names, ["---"] * len(names)]
    for result in results:
        about = result.about
        few = {round(value, 3) for value in about["baselines"].values()}
        without = " to ".join(f"{value:.3g}" for value in sorted({min(few), max(few)}))
        task = f"`{about['task']}`, {about['score']} ({without} without memory)"
        for cell in dict.fromkeys(row["cell"] for row in result.records):
            rows = {row["lag"]: row for row in result.records if row["cell"] == cell}
            cells = [_score(rows.get(lag)) for lag in lags]
            last = rows[max(rows)]
            time = last["milliseconds"]
            time = "" if time is None else f"{time:.1f} at {last['lag']}"
            lines.append([task, f"`{cell}`", *cells, str(last["longest_lag"]), time])
            task = ""
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _score(row):
    if row is None or row["score"] is None:
        return "" if row is None else row["status"]
    spread = f" ± {row['spread']:.2g}" if row["spread"] is not None else ""
    text = f"{row['score']:.3g}{spread}"
    return f"**{text}**" if row["solved"] == row["seeds"] else text


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("--tasks", default=",".join(memory_tasks.names()))
    parser.add_argument("--cells", default=",".join(CELLS))
    parser.add_argument("--lags", default=",".join(map(str, LAGS)))
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    parser.add_argument("--directory", default="comparison/memory")
    given = parser.parse_args()
    book = ledger.Book(given.record)
    results = []
    for task in given.tasks.split(","):
        results.append(
            rnnkit.compare(
                given.cells.split(","),
                task,
                lags=[int(lag) for lag in given.lags.split(",")],
                seeds=[int(seed) for seed in given.seeds.split(",")],
                directory=given.directory,
                **SETTINGS,
            )
        )
        print(results[-1], flush=True)
        for row in results[-1].records:
            if row["score"] is not None:
                figure = f"{task}, {row['cell']}, lag {row['lag']}: {results[-1].about['score']}"
                book.add(figure, row["score"], form=".3g")
    print(markdown(results))


if __name__ == "__main__":
    main()
