"""From raw examples to encoded batches."""
