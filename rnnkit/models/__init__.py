"""Models: one class for each input-output pattern."""

from rnnkit.models.base import Model
from rnnkit.models.many_to_one import ManyToOne
from rnnkit.models.one_to_one import OneToOne

__all__ = ["ManyToOne", "Model", "OneToOne"]
