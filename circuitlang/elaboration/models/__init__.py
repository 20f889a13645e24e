"""Causal models: equations, families and the order between them."""
