"""Recipes of the many-to-one pattern."""
