"""Networks and what is said about their parts: sites, alignments and whether they can be true."""
