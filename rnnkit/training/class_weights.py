"""Weights of classes in a loss."""

import numpy as np

from rnnkit.utils.checks import number


def class_weights(weights, feature):
    """Class weights by index, as Keras takes them.

    Args:
        weights: Dict of weight by class name or by index, or None. Other classes have weight 1.
        feature: The output feature.

    Returns:
        Dict of index to float, one for each class; or None.

    Raises:
        ValueError: For an unknown class, a target that has none, and weights that are no finite
            numbers of at least 0.

    Example:

    >>> class_weights({"spam": 3}, rnnkit.features.Label(["ham", "spam"]))
    {0: 1.0, 1: 3.0}
    """
    if weights is None:
        return None
    if feature.target_type != "classes":
        raise ValueError("class_weight needs a Label as target. Received: a target of numbers")
    known = {name: index for index, name in enumerate(feature.names)}
    known |= {value: index for index, value in enumerate(feature.classes)}
    result = {index: 1.0 for index in range(feature.size)}
    for key, weight in weights.items():
        is_index = isinstance(key, (int, np.integer)) and 0 <= key < feature.size
        if key not in known and not is_index:
            raise ValueError(
                f"class_weight names the class {key!r}; known classes: {feature.names}. "
                f"Received: class_weight={weights}"
            )
        result[known.get(key, key)] = number(weight, f"class_weight[{key!r}]", least=0)
    return result
