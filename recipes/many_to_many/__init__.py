"""Recipes from a sequence to a sequence of the same length."""
