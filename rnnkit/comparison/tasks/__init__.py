"""The memory tasks: what was seen has to be known a chosen number of steps later."""
