"""What models share that generate a sequence."""
