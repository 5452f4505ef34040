"""What a decoder reads and writes: tokens, numbers or keys."""
