"""A search in several processes of one machine: keras-tuner's chief and workers.

The caller starts them, each as `python -m rnnkit.tuning.worker SPEC`, watches them and shows the
trials they finish. They talk to each other over a port of the loopback interface, and end when the
caller does, however that comes about.
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

from rnnkit.utils.loading import load, locate
from rnnkit.utils.writing import write_json

# Set in the processes started here.
CHILD = "RNNKIT_TUNING_CHILD"
# What `Data.source` says of data that only the caller has.
IN_MEMORY = ("arrays", "a frame", "a dataset", "datasets")
ADDRESS = "127.0.0.1"
# Seconds for a process to end before it is killed.
GRACE = 5
LAST_LINES = 15


# === In the caller ===


def describe(job, data_arguments=None):
    """What a process needs to take part in a search, as plain JSON.

    Args:
        job: `rnnkit.tuning.job.Job`.
        data_arguments: Arguments of `recipe.data` beside the source.

    Raises:
        ValueError: If the data, the options or the recipe cannot be passed on.
    """
    import keras

    arguments = {k: v for k, v in (data_arguments or {}).items() if k != "source" and v is not None}
    source = job.data.source
    if isinstance(source, os.PathLike):
        source = os.fspath(source)
    known = source is None or isinstance(source, str)
    if not known or (source in IN_MEMORY and not os.path.exists(source)):
        raise ValueError(
            "With workers, the data must be such that other processes can load it: the embedded "
            f"sample, files or a TFDS name. Received: data from {source}"
        )
    if job.base is not None and not os.path.exists(job.base.source):
        raise ValueError(
            "With workers, base must be the path of a file that other processes can load. "
            "Received: a model"
        )
    if job.callbacks:
        raise ValueError(
            "callbacks cannot be passed on to workers. Received: "
            f"callbacks={[type(item).__name__ for item in job.callbacks]}"
        )
    try:
        where = locate(type(job.recipe))
    except ValueError:
        raise ValueError(
            "With workers, the recipe must be installed or be defined in a file of its own. "
            f"Received: {job.recipe!r}"
        ) from None
    spec = {
        "recipe": where,
        "source": source,
        "data_arguments": arguments,
        "tuner": job.tuner,
        "max_trials": job.max_trials,
        "objective": [job.objective.name, job.objective.direction],
        "epochs": job.epochs,
        "batch_size": job.batch_size,
        "seed": job.seed,
        "executions": job.executions,
        "folds": job.folds,
        "base": None if job.base is None else os.path.abspath(job.base.source),
        "options": job.options,
        "small": job.small,
        "directory": os.path.abspath(job.directory),
        "precision": keras.config.dtype_policy().name,
    }
    try:
        return json.loads(json.dumps(spec))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"With workers, options must be plain values ({error}). "
            f"Received: options={job.options}, data_arguments={arguments}"
        ) from None


def run(job, workers, spec):
    """Runs a search in a chief and workers until it is complete.

    Args:
        job: `rnnkit.tuning.job.Job`, its folder made.
        workers: Number of workers.
        spec: What `describe` gave.

    Raises:
        RuntimeError: If one of the processes ends early; the others are ended too.
        KeyboardInterrupt: When interrupted, after all processes were ended.
    """
    path = os.path.abspath(job.folder.path("workers.json"))
    write_json(path, spec)
    port = _free_port()
    seen = {row["trial"] for row in job.folder.rows()}
    names = ["chief", *(f"worker{number + 1}" for number in range(workers))]
    processes = {}
    try:
        for name in names:
            processes[name] = _start(name, path, port, job.folder.path(f"{name}.log"))
        while True:
            codes = {name: process.poll() for name, process in processes.items()}
            seen = _report(job, seen)
            running = [name for name in names[1:] if codes[name] is None]
            for name, code in codes.items():
                if code or (name == "chief" and code is not None and running):
                    raise RuntimeError(_obituary(name, code, job))
            if not running:
                break
            time.sleep(0.2)
    except KeyboardInterrupt:
        _end(processes)
        if job.folder.ranked() and not job.folds:
            job.save_best()  # the worker that was to may have been ended
        job.report_interrupted()
        raise
    finally:
        # The chief too: it has saved every trial, and would look up only after a while.
        _end(processes)


def _free_port():
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


def _start(name, spec, port, log):
    root = str(pathlib.Path(__file__).resolve().parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    environment = {
        # Or the first process would take all memory of a GPU.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "KERASTUNER_TUNER_ID": name,
        "KERASTUNER_ORACLE_IP": ADDRESS,
        "KERASTUNER_ORACLE_PORT": str(port),
        CHILD: "1",
    }
    with open(log, "wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "rnnkit.tuning.worker", spec],
            stdin=subprocess.PIPE,  # never written to: its end tells that the caller is gone
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C is the caller's to handle
        )


def _report(job, seen):
    for row in job.folder.rows():
        if row["trial"] not in seen:
            job.report(row)
            seen = seen | {row["trial"]}
    return seen


def _obituary(name, code, job):
    if code < 0:
        with contextlib.suppress(ValueError):
            code = f"signal {signal.Signals(-code).name}"
    path = job.folder.path(f"{name}.log")
    lines = pathlib.Path(path).read_text("utf-8", "replace").splitlines()
    last = "\n".join(line for line in lines if line.strip()).splitlines()[-LAST_LINES:]
    return (
        f"The process {name} of the search ended early ({code}), so the others were ended too. "
        f"Finished trials are kept: the same call resumes the search. Its last output, from "
        f"{path}:\n" + "\n".join(last)
    )


def _end(processes):
    """Ends what still runs, and waits for it."""
    for process in processes.values():
        with contextlib.suppress(OSError):
            process.stdin.close()
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + GRACE
    for process in processes.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# === In the processes ===


def main(path):
    """Takes part in a search as its environment says, as chief or as worker."""
    threading.Thread(target=_end_with_caller, daemon=True).start()
    with open(path, encoding="utf-8") as file:
        spec = json.load(file)

    import keras
    import keras_tuner

    from rnnkit.saving.base import Base
    from rnnkit.tuning.job import Job
    from rnnkit.tuning.search import Search

    keras.config.set_dtype_policy(spec["precision"])
    role = "chief" if os.environ["KERASTUNER_TUNER_ID"] == "chief" else "worker"
    recipe = load(spec["recipe"])()
    data = None
    if role == "worker":
        data = recipe.data(spec["source"], **spec["data_arguments"])
    names = ("epochs", "batch_size", "seed", "executions", "folds", "options", "directory", "small")
    job = Job(
        recipe,
        data,
        spec["tuner"],
        spec["max_trials"],
        keras_tuner.Objective(*spec["objective"]),
        **{name: spec[name] for name in names},
        verbose=0,
        base=None if spec["base"] is None else Base.of(spec["base"]),
    )
    Search(job, role).search()


def _end_with_caller():
    while os.read(0, 1):  # the descriptor, as a lock on sys.stdin would block the exit
        pass
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
