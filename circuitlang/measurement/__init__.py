"""Numbers about a network and its causal model.  In: a subject and data; out: counts, and how sure they are."""
