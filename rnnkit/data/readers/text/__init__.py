"""Readers of texts: one file or many, and pairs of files whose lines belong together."""
