"""Expressions: from the forms of the tree to the core's, with names resolved and kinds checked."""
