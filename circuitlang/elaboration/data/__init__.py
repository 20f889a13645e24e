"""Data, prompts and training."""
