"""TensorFlow's warning of graphs that are traced anew is left out, all else is not."""

import logging

from rnnkit.utils.graphs import many_graphs


def test_only_this_warning_and_only_for_the_while(caplog):
    log = logging.getLogger("tensorflow")
    before = list(log.filters)
    caplog.set_level(logging.WARNING, logger="tensorflow")
    log.addHandler(caplog.handler)
    try:
        with many_graphs():
            log.warning("5 out of the last 5 calls triggered tf.function retracing")
            log.warning("something is wrong")
        log.warning("6 out of the last 6 calls triggered tf.function retracing")
    finally:
        log.removeHandler(caplog.handler)
    said = list(dict.fromkeys(record.getMessage() for record in caplog.records))
    assert said == [
        "something is wrong", "6 out of the last 6 calls triggered tf.function retracing",
    ]  # fmt: skip
    assert log.filters == before
