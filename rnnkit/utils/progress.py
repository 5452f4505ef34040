"""How far long work is, and how much longer it takes: a line on the terminal, gone at the end.

    for block in told(blocks, "Encoding", count):
        ...

A line is shown where somebody waits for it and can see it: standard error is a terminal, the work
takes more than two seconds, and the command line or a method whose `verbose` is not 0 asked for it
(`asked`). Of work within other work the outermost is told.
"""

import contextlib
import contextvars
import shutil
import sys
import time

# Seconds before the first line, and between two.
FIRST, BETWEEN = 2.0, 0.5
# Whether lines are wanted: None where nobody said.
_wanted = contextvars.ContextVar("wanted", default=None)
_ALWAYS = "always"
# The works that are under way, the outermost first.
_under_way = []


@contextlib.contextmanager
def asked(verbose=None):
    """Within this context lines are shown, or not with `verbose=0`.

    Args:
        verbose: As in `keras.Model.fit`; None where nothing says, so that what was asked for
            around it counts, and else lines are shown.
    """
    now = _wanted.get()
    if now != _ALWAYS and (verbose is not None or now is None):
        now = verbose is None or verbose not in (0, False)
    token = _wanted.set(now)
    try:
        yield
    finally:
        _wanted.reset(token)


@contextlib.contextmanager
def always():
    """Within this context lines are shown whatever `verbose` is: for the command line, whose
    results are elsewhere."""
    token = _wanted.set(_ALWAYS)
    try:
        yield
    finally:
        _wanted.reset(token)


def told(pieces, what, total=None, size=None):
    """Pieces as they come; tells how far that is.

    Args:
        pieces: Any iterable.
        what: What is done, as in `"Encoding"`.
        total: How much there is, or None where nobody knows.
        size: Function of a piece to how much of `total` it is; by default 1.
    """
    with Progress(what, total) as progress:
        if not progress.wanted:
            yield from pieces
            return
        for piece in pieces:
            yield piece
            progress.add(1 if size is None else size(piece))


def clear():
    """Takes the line away, so that something else can be printed; the next one follows."""
    for each in _under_way:
        each.clear()


class Progress:
    """Work that is told of, as a context.

    Args:
        what: What is done, as in `"Encoding"`.
        total: How much there is, or None where nobody knows.

    Attributes:
        wanted: Within the context: whether a line may be shown.
    """

    def __init__(self, what, total=None):
        self.what, self.total = what, total
        self.done, self._width = 0, 0

    def __enter__(self):
        self.wanted = bool(_wanted.get()) and sys.stderr is not None and sys.stderr.isatty()
        self._began = self._told = time.monotonic()
        _under_way.append(self)
        return self

    def __exit__(self, *error):
        _under_way.remove(self)
        self.clear()

    def clear(self):
        """Takes its line away."""
        if self._width:
            self._show("")

    def add(self, amount):
        """Counts what was done."""
        self.at(self.done + amount)

    def at(self, done):
        """Tells how much is done by now."""
        self.done = done
        if not self.wanted or _under_way[0] is not self:
            return
        now = time.monotonic()
        if now - self._began < FIRST or (self._told > self._began and now - self._told < BETWEEN):
            return
        self._told = now
        self._show(line(self.what, done, self.total, now - self._began))

    def _show(self, text):
        text = text[: shutil.get_terminal_size().columns - 1]
        end = "" if text else "\r"
        print(f"\r{text:<{self._width}}", end=end, file=sys.stderr, flush=True)
        self._width = len(text)


def line(what, done, total, seconds):
    """What is shown.

    Example:

    >>> line("Encoding", 3000, 4000, 6)
    'Encoding: 75 %, 2 s left'
    >>> line("Reading sales.csv", 3000, None, 61)
    'Reading sales.csv: 3,000 in 1 min 1 s'
    """
    if not total or total < done:
        return f"{what}: {done:,} in {duration(seconds)}"
    if not done:
        return f"{what}: 0 % in {duration(seconds)}"
    left = seconds * (total - done) / done
    return f"{what}: {int(100 * done / total)} %, {duration(left)} left"


def duration(seconds):
    """A time in words.

    Example:

    >>> duration(4.2), duration(75), duration(7260)
    ('4 s', '1 min 15 s', '2 h 1 min')
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"
