"""What the commands do: choose by name, walk the pipeline, keep the results.  In: a program and options; out: an
outcome, which the command line prints.
"""
