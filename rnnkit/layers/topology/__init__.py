"""Recurrent weights of reservoirs: which unit is connected to which, and how strongly.

Every topology is a Keras initializer: called with a shape it gives the recurrent kernel, so that
it also serves as `recurrent_initializer` of any recurrent layer. A sparse one gives its links too,
as index and value arrays with one row for each of a unit's incoming links, which is the form a
reservoir keeps and computes with.

Reference:
    Lukoševičius, "A practical guide to applying echo state networks", 2012,
    https://doi.org/10.1007/978-3-642-35289-8_36.
"""

from rnnkit.layers.topology.base import Topology, sparse_matrix, spectral_radius
from rnnkit.layers.topology.random import (
    Circulant,
    FullyConnected,
    Orthogonal,
    RandomConnectivity,
    RandomDegree,
    SmallWorld,
)
from rnnkit.layers.topology.structured import CycleJumps, DelayLine, DelayLineFeedback, Ring
from rnnkit.utils.checks import nearest

__all__ = [
    "TOPOLOGIES",
    "Circulant",
    "CycleJumps",
    "DelayLine",
    "DelayLineFeedback",
    "FullyConnected",
    "Orthogonal",
    "RandomConnectivity",
    "RandomDegree",
    "Ring",
    "SmallWorld",
    "Topology",
    "get",
    "sparse_matrix",
    "spectral_radius",
]

TOPOLOGIES = {
    "circulant": Circulant,
    "random": RandomDegree,
    "random_connectivity": RandomConnectivity,
    "small_world": SmallWorld,
    "dense": FullyConnected,
    "orthogonal": Orthogonal,
    "ring": Ring,
    "delay_line": DelayLine,
    "delay_line_feedback": DelayLineFeedback,
    "cycle_jumps": CycleJumps,
}


def get(topology, **options):
    """A topology from its name.

    Args:
        topology: One of `TOPOLOGIES`, or a `Topology`, which is copied.
        **options: Arguments that replace its own; those it does not have are refused.

    Raises:
        ValueError: For an unknown name or an option the topology does not take.
    """
    if isinstance(topology, str) and topology in TOPOLOGIES:
        cls, config = TOPOLOGIES[topology], {}
    elif isinstance(topology, Topology):
        cls, config = type(topology), topology.get_config()
    else:
        raise ValueError(
            f"topology must be one of {list(TOPOLOGIES)} or a Topology."
            f"{nearest(topology, TOPOLOGIES)} Received: topology={topology!r}"
        )
    known = cls().get_config()
    for name, value in options.items():
        if name not in known:
            raise ValueError(
                f"{name} does not fit topology={topology!r}, which takes {list(known)}. "
                f"Received: {name}={value!r}"
            )
    return cls(**{**config, **options})
