"""Reservoirs: fixed random recurrent networks, as a cell, as a layer and in compiled loops."""

from rnnkit.layers.reservoir.esn import ESN, ESNCell
from rnnkit.layers.reservoir.memory import StreamMemory

__all__ = ["ESN", "ESNCell", "StreamMemory"]
