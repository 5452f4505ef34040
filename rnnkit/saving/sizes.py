"""Whether the sizes that a configuration declares fit the weights that a file holds.

Layers allocate what their configuration declares before weights are read; a few bytes could
otherwise ask for all memory.
"""

import math

from rnnkit.formats.model_files import Refused
from rnnkit.models.declared import declared_shapes

# Integers that are no sizes. Keras gives an object that is used twice an id.
NO_SIZES = ("seed", "shared_object_id")
# Arguments of models that say how many layers or models there are. Each has weights.
LAYER_COUNTS = ("num_layers", "decoder_layers", "ensemble")
# What a small model may declare all the same: lengths of sequences, windows, rates of sound.
SMALL = 2**20


def check_sizes(config, objects, stored, custom_objects):
    """Refuses a configuration that declares more than a file holds.

    Args:
        config: The dict of `config.json`.
        objects: How many objects it names.
        stored: `rnnkit.saving.weights.Stored`.
        custom_objects: Dict of registered name to class.

    Raises:
        Refused: With what is wrong.
    """
    if objects > 256 + 16 * stored.arrays:
        raise Refused(f"it names {objects:,} objects but holds only {stored.arrays:,} arrays")
    largest = _largest_integer(config["config"])
    if largest > max(stored.numbers, SMALL):
        raise Refused(
            f"it declares a size of {largest:,} but holds only {stored.numbers:,} numbers"
        )
    counts = [config["config"].get(name) for name in LAYER_COUNTS]
    layers = math.prod(count for count in counts if isinstance(count, int))
    if layers > stored.arrays:
        raise Refused(f"it declares {layers:,} layers but holds only {stored.arrays:,} arrays")
    declared, metrics = (
        sum(math.prod(shape) for shape in shapes)
        for shapes in declared_shapes(config, custom_objects)
    )
    if declared > stored.numbers:
        raise Refused(
            f"it declares {declared:,} numbers as weights but holds only {stored.numbers:,}"
        )
    if metrics > SMALL:
        raise Refused(f"its metrics need {metrics:,} numbers")


def _largest_integer(node):
    """The largest size a configuration declares."""
    pending, largest = [node], 0
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            pending.extend(value for key, value in node.items() if key not in NO_SIZES)
        elif isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, int) and not isinstance(node, bool):
            largest = max(largest, abs(node))
    return largest
