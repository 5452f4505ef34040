"""Recipes whose output is a sequence of another length than the input."""
