"""Where data enters a network: one module for each kind of input."""
