"""Heads: what a decoder reads and generates, tokens, numbers or piano keys."""
