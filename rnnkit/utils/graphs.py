"""What TensorFlow says of graphs, where it is no use to anybody."""

import contextlib
import logging


@contextlib.contextmanager
def many_graphs():
    """A context without TensorFlow's warning of functions that are traced anew.

    It tells functions apart by their code, which is Keras' own for all models, so that several
    models in a process, such as those of a search, seem to be one that is traced again and again.
    """

    def other(record):  # of this context alone, as one may be within another
        return "retracing" not in record.getMessage()

    log = logging.getLogger("tensorflow")
    log.addFilter(other)
    try:
        yield
    finally:
        log.removeFilter(other)
