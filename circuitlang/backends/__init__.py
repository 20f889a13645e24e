"""Backends: networks by construction, and training specifications, from causal models."""
