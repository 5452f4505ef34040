"""A loop over time in a graph: step by step as TensorFlow runs it, or compiled by XLA.

TensorFlow starts a dozen operations a step, which takes longer than small products themselves.
Compiled, a step is a product and one pass over what is left. XLA compiles for one shape, and a
compilation takes about a second: so what is compiled is a piece of the loop, of a fixed number of
rows and at most `PIECE` steps, that serves sequences of every length.
"""

import contextlib
import functools

import tensorflow as tf

PIECE = 32  # steps: enough that starting a piece does not count

_now = None  # rows and steps of the batches for which loops are compiled now, or None


@contextlib.contextmanager
def compiled_loops(size):
    """Within it, loops that are traced are compiled, where that makes them faster.

    Args:
        size: Rows of a batch, and the steps that it usually has. A smaller batch is filled up to
            so many rows; a larger one is compiled for itself. None: loops are not compiled.

    Example:

    >>> layer = rnnkit.layers.LSTM(8)
    >>> with compiled_loops((64, 100)):
    ...     outputs = tf.function(layer, autograph=False)(np.ones((64, 100, 3), "float32"))
    >>> outputs.shape
    TensorShape([64, 8])
    """
    global _now
    before, _now = _now, size
    try:
        yield
    finally:
        _now = before


def compiles(dtype, least):
    """Whether a loop over states of that dtype is to be compiled now, if that pays from `least`
    steps on."""
    if _now is None or _now[1] < least or not tf.inside_function():
        return False
    return dtype in (tf.float32, tf.float64)


def loop(function, values, carried, outputs, compiled, backwards=False, prepare=None):
    """Runs over time.

    Args:
        function: From a step of each of the values, then what is carried, to a pair of lists: what
            is carried on, and what is written.
        values: List of tensors `[time, batch, ...]`; None stays None.
        carried: List of tensors `[batch, ...]`.
        outputs: How many tensors are written.
        compiled: Whether it is compiled; see `compiles`.
        backwards: Whether the last step comes first.
        prepare: From the values, of all steps or of some, to the list of those that `function`
            takes: what can be computed for many steps at once. None: the values themselves.

    Returns:
        The pair of what was written, a list of tensors `[time, batch, ...]`, and what is carried
        at the end.
    """
    if compiled:
        return _in_pieces(function, values, carried, outputs, backwards, prepare)
    if prepare is not None:
        values = prepare(*values)
    return _steps(function, values, carried, outputs, backwards, tf.shape(values[0])[0])


def _steps(function, values, carried, outputs, backwards, count):
    """The first `count` steps of the values, as `loop`."""
    steps, dtype = _length(values[0]), carried[0].dtype
    read = [
        None if each is None else tf.TensorArray(each.dtype, steps).unstack(each) for each in values
    ]
    shapes = [None if each is None else each.shape[1:] for each in values]
    widths = []

    def body(index, carried, written):
        position = count - 1 - index if backwards else index
        now = [
            None if array is None else tf.ensure_shape(array.read(position), shape)
            for array, shape in zip(read, shapes, strict=True)
        ]
        after, results = function(*now, *carried)
        widths[:] = [each.shape[1:] for each in results]
        written = [
            array.write(position, each) for array, each in zip(written, results, strict=True)
        ]
        after = [tf.ensure_shape(a, b.shape) for a, b in zip(after, carried, strict=True)]
        return index + 1, after, written

    written = [tf.TensorArray(dtype, steps) for _ in range(outputs)]
    _, carried, written = tf.while_loop(
        lambda index, *_: index < count, body, (0, list(carried), written)
    )
    found = [
        tf.ensure_shape(array.stack(), [values[0].shape[0], carried[0].shape[0], *width])
        for array, width in zip(written, widths, strict=True)
    ]
    return found, carried


def _in_pieces(function, values, carried, outputs, backwards, prepare):
    """As `loop`, compiled."""
    steps, rows = tf.shape(values[0])[0], tf.shape(carried[0])[0]
    missing = tf.maximum(_now[0] - rows, 0)
    here = [index for index, each in enumerate(values) if each is not None]
    given = [_filled(values[index], missing, axis=1) for index in here]
    first = [_filled(each, missing, axis=0) for each in carried]
    widths = []

    def piece(count, given, carried):
        now = [None] * len(values)
        for index, each in zip(here, given, strict=True):
            now[index] = each
        if prepare is not None:
            now = prepare(*now)
        found, after = _steps(function, now, carried, outputs, backwards, count)
        widths[:] = [each.shape[2:] for each in found]
        return found, after

    run = tf.function(functools.partial(piece), jit_compile=True, autograph=False)
    pieces = -(-steps // PIECE)

    def body(index, carried, written):
        position = pieces - 1 - index if backwards else index
        begin = position * PIECE
        count = tf.minimum(steps - begin, PIECE)
        now = [each[begin : begin + PIECE] for each in given]
        now = [_filled(each, PIECE - count, axis=0, size=PIECE) for each in now]
        found, after = run(count, now, carried)
        written = [array.write(position, each) for array, each in zip(written, found, strict=True)]
        after = [tf.ensure_shape(a, b.shape) for a, b in zip(after, carried, strict=True)]
        return index + 1, after, written

    written = [tf.TensorArray(carried[0].dtype, pieces) for _ in range(outputs)]
    _, after, written = tf.while_loop(lambda index, *_: index < pieces, body, (0, first, written))
    found = []
    for array, width in zip(written, widths, strict=True):
        each = array.concat()[:steps, :rows]  # [time, batch, ...]
        found.append(tf.ensure_shape(each, [values[0].shape[0], carried[0].shape[0], *width]))
    after = [tf.ensure_shape(a[:rows], b.shape) for a, b in zip(after, carried, strict=True)]
    return found, after


def _length(values):
    known = values.shape[0]
    return tf.shape(values)[0] if known is None else known


def _filled(tensor, missing, axis, size=None):
    """A tensor with zeros at the end of an axis, which has `size` elements then."""
    paddings = [[0, missing if axis == each else 0] for each in range(tensor.shape.rank)]
    shape = tensor.shape.as_list()
    shape[axis] = size
    return tf.ensure_shape(tf.pad(tensor, paddings), shape)
