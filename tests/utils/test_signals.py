"""SIGTERM as an exception, and blocks that are not interrupted."""

import os
import signal
import threading

import pytest

from rnnkit.utils.signals import Terminated, interrupts_after, terminable


def terminate(number=signal.SIGTERM):
    os.kill(os.getpid(), number)


def test_sigterm_is_handled_as_ctrl_c_within_the_block_alone():
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with pytest.raises(KeyboardInterrupt) as stop, terminable():
        with terminable():  # as a training within a command
            pass
        terminate()
    assert stop.type is Terminated
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_who_handles_it_already_goes_on_to():
    seen = []
    signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
    try:
        with terminable():
            terminate()
        assert seen == [1]
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_other_threads_change_nothing():
    handlers = []

    def run():
        with terminable(), interrupts_after():
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL]


@pytest.mark.parametrize("number, kind", [(signal.SIGINT, KeyboardInterrupt), (15, Terminated)])
def test_both_wait_for_the_end_of_a_block(number, kind):
    before, done = signal.signal(signal.SIGINT, signal.default_int_handler), []
    try:
        with pytest.raises(kind), terminable():
            with interrupts_after():
                terminate(number)
                done.append(1)
            done.append(2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == [1]


def test_sigterm_that_ends_the_process_is_not_kept_from_it():
    with interrupts_after():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
