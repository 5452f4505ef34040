"""Damaged files of data, and bombs: what a recipe makes of them, in bounded time and memory.

A file is held if the recipe's data can be read, or if a ValueError refuses it that names the file.
All else is a fall: another error, a message that names no file, too much time or memory.
"""

import contextlib
import dataclasses
import functools
import importlib
import io
import pathlib
import random
import resource
import shutil
import signal
import tempfile
import time
import warnings

import recipes
from tests.damaged import mutations
from tests.damaged.bombs import BOMBS, MAY_BE_READ
from tests.damaged.kinds import KINDS

MOST_SECONDS, MOST_BYTES, MOST_CHARACTERS = 10, 1.5e9, 5000
# Of each kind: 29 kinds make 725.
MUTATIONS = 25


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        name: What was tried.
        held: Whether it was held.
        said: The refusal, or what went wrong, or that it was read.
        seconds: How long it took.
    """

    name: str
    held: bool
    said: str
    seconds: float


class TooLong(BaseException):
    """Time is over; no reader catches this."""


def attempt(name, recipe, source, damaged, deep=False):
    """Reads a source and says what became of it.

    Args:
        name: What to call it.
        recipe: Name of the recipe that reads it.
        source: What is passed to its `data`.
        damaged: Name of the damaged file or its folder: one of them must be in a refusal.
        deep: Whether examples are read and features learned from them too.
    """
    _prepare()
    recipe, began = recipes.get(recipe), time.perf_counter()
    memory = peak(reset=True)
    old = signal.signal(signal.SIGALRM, _over)
    signal.setitimer(signal.ITIMER_REAL, 2 * MOST_SECONDS)
    # What readers say of what they read is of no interest here.
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            held, said = _read(recipe, str(source), str(damaged), deep)
        except TooLong:
            held, said = False, f"more than {2 * MOST_SECONDS} s"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
    seconds, grown = time.perf_counter() - began, peak() - memory
    if held and seconds > MOST_SECONDS:
        held, said = False, f"{seconds:.1f} s: {said}"
    if held and grown > MOST_BYTES - 6e8:  # what TensorFlow takes for itself
        held, said = False, f"{grown / 1e6:,.0f} MB: {said}"
    return Outcome(name, held, said, seconds)


@functools.cache
def _prepare():
    """Imports what readers need, which takes seconds once."""
    for name in ("rnnkit.data.readers.sources", "rnnkit.features", "mido", "pandas", "soundfile"):
        importlib.import_module(name)


def _read(recipe, source, damaged, deep):
    try:
        data = recipe.data(source)
    except ValueError as error:
        said = str(error)
        if len(said) > MOST_CHARACTERS:
            return False, f"a message of {len(said):,} characters: {said[:200]}"
        named = damaged in said or source in said
        return named, said if named else f"no file is named: {said}"
    except Exception as error:  # any other is a fall
        return False, f"{type(error).__name__}: {error}"
    if deep:
        try:
            for part in (data.train, data.validation, data.test):
                for _ in part.take(30):
                    pass
            recipe.adapt(data)
        except ValueError as error:
            return True, f"read, then {error}"
        except Exception as error:
            return False, f"read, then {type(error).__name__}: {error}"
    return True, "read"


def _over(*_):
    raise TooLong


def peak(reset=False):
    """The most memory that this process has had at a time, in bytes; since a reset where the
    system can be told to count anew."""
    try:
        if reset:
            pathlib.Path("/proc/self/clear_refs").write_text("5")
        status = pathlib.Path("/proc/self/status").read_text()
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    except (OSError, IndexError):
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def mutants(kind, count, deep=False, first=0):
    """Damaged files of a kind, one after the other.

    Args:
        kind: One of `KINDS`.
        count: How many.
        deep: As in `attempt`.
        first: Number of the first one; each number is always the same file.
    """
    with tempfile.TemporaryDirectory() as scratch:
        valid = pathlib.Path(scratch) / "valid"
        valid.mkdir()
        recipe, source, files = KINDS[kind](valid)
        for number in range(first, first + count):
            rng = random.Random(f"{kind} {number}")
            folder = pathlib.Path(scratch) / f"damaged{number}"
            shutil.copytree(valid, folder)
            file = rng.choice(files).relative_to(valid)
            way, content = mutations.mutated((valid / file).read_bytes(), rng)
            (folder / file).write_bytes(content)
            name = f"{kind} {number}: {file}, {way}"
            yield attempt(name, recipe, folder / source.relative_to(valid), file, deep)
            shutil.rmtree(folder)


def bombs(names=None):
    """Files that ask for more than they should, and tables that name what they should not."""
    for name in BOMBS if names is None else names:
        with tempfile.TemporaryDirectory() as folder:
            recipe, source, damaged = BOMBS[name](pathlib.Path(folder))
            outcome = attempt(name, recipe, source, damaged.name)
            if outcome.said == "read" and name not in MAY_BE_READ:
                outcome = dataclasses.replace(outcome, held=False, said="it was read")
            yield outcome


def parts():
    """Dict of what is tried to an iterator of outcomes; see `tests.benchmarks.battery`."""
    found = {f"data: {kind}": mutants(kind, MUTATIONS, deep=True) for kind in KINDS}
    return {**found, "data: bombs": bombs()}
