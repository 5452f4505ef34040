"""Recipes of the one-to-one pattern."""
