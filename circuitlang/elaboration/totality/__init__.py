"""Whether mechanisms always have a value of their domain: expressions evaluated on sets of values."""
