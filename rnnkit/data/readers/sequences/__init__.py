"""Readers of sequences that are no text: tagged sentences and histories of events."""
