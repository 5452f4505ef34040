"""Readers of pictures, clips, recordings, handwriting and music."""
