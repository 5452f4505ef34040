"""Readers of time series: rows of numbers, their times, and what is missing among them."""
