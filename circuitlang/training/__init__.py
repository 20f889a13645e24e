"""Training: networks that learn to contain a circuit, step by step, until a function that is handed in is content."""
