"""The core language: what a `.circ` file means, as plain data, and the interpreter that says what it computes."""
