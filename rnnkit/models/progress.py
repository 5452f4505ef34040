"""A progress bar over what is computed piece by piece."""

import keras

from rnnkit.utils.progress import told


def shown(pieces, count, verbose):
    """Pieces as they come; shows how many have been dealt with.

    Args:
        pieces: Any iterable.
        count: How many there are, or None where nobody knows.
        verbose: 1 shows a bar, 2 one line at the end, 0 nothing, unless the command line, whose
            results are elsewhere, asks for a line on the terminal.
    """
    if verbose not in (1, 2):
        yield from told(pieces, "Computing", count)
        return
    bar = keras.utils.Progbar(count, verbose=verbose)
    for number, piece in enumerate(pieces):
        yield piece
        bar.update(number + 1)
