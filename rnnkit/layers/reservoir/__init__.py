"""Reservoirs: fixed random recurrent networks, as a cell, as a layer and in compiled loops."""

from rnnkit.layers.reservoir.esn import ESN, ESNCell

__all__ = ["ESN", "ESNCell"]
