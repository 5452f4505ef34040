"""Which cases of a parametrised test are run first, and which in the second tier alone."""

import pytest


def slow(*values):
    """A case for the second tier."""
    return pytest.param(*values, marks=pytest.mark.slow)


def first(cases, chosen):
    """All cases, of which those not chosen are for the second tier."""
    return [case if case in chosen else slow(case) for case in cases]
