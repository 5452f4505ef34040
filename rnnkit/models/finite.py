"""Whether weights are numbers."""

import numpy as np


def check_finite(variables):
    """Raises a ValueError if a variable holds NaN or an infinite number.

    Args:
        variables: Keras variables.
    """
    for variable in variables:
        value = np.asarray(variable)
        if value.dtype.kind not in "iub" and not np.isfinite(value.astype("float32")).all():
            raise ValueError(
                f"The model is not saved, as its weights {variable.path!r} hold NaN or infinite "
                "numbers. Train it anew: with a lower learning rate, with gradients clipped "
                "(clipnorm=1.0), without mixed precision, and on data without NaN"
            )
