"""A progress bar over what is computed piece by piece."""

import keras


def shown(pieces, count, verbose):
    """Pieces as they come; shows how many have been dealt with.

    Args:
        pieces: Any iterable.
        count: How many there are, or None where nobody knows.
        verbose: 1 shows a bar, 2 one line at the end, anything else nothing.
    """
    bar = keras.utils.Progbar(count, verbose=verbose) if verbose in (1, 2) else None
    for number, piece in enumerate(pieces):
        yield piece
        if bar:
            bar.update(number + 1)
