"""Interruptions: SIGTERM as an exception like Ctrl-C, and blocks that neither may cut in two."""

import contextlib
import signal
import threading


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM, as `kill`, systemd and job schedulers do."""


@contextlib.contextmanager
def terminable():
    """Within the block SIGTERM raises `Terminated`, so that it is handled as Ctrl-C is.

    Outside the main thread, or where somebody handles SIGTERM already (or has it ignored), nothing
    changes.

    Example:

    >>> with terminable():
    ...     total = sum(range(10))  # what may take long
    """
    if _of_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _raise)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    else:
        yield


@contextlib.contextmanager
def interrupts_after():
    """Puts Ctrl-C, and SIGTERM where it raises an exception, off to the end of the block.

    For results which belong together, and where objects are destroyed, as Python would drop the
    exception there.
    """
    handlers = {}
    if _of_main_thread():
        found = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
        handlers = {each: handler for each, handler in found.items() if callable(handler)}
    pending = []
    for each in handlers:
        signal.signal(each, lambda *arguments: pending.append(arguments))
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        if pending:
            number, frame = pending[0]
            handlers[number](number, frame)


def _of_main_thread():
    return threading.current_thread() is threading.main_thread()


def _raise(number, frame):
    raise Terminated
