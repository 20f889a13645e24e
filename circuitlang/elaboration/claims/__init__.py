"""Claims and measurements, and what can be said of them before anything runs."""
