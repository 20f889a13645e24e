"""The model and its data on batches: columns of values, runs with and without interventions, inputs, readings."""
