"""Where the weights of a network come from: Python, a file, its causal model, or a run folder.

In: a program, a network's name and what the user chose; out: the network with all that is needed to look into it, or
one refusal with everything that stands in the way.  What is heavy is imported late.
"""

from circuitlang.reports.folders import WEIGHTS as FILE
from circuitlang.weights.choice import Choice, device_named, folder_of
from circuitlang.weights.construction import construct, data_of
from circuitlang.weights.feasibility import infeasible
from circuitlang.weights.obtaining import instrument, known_words, obtain, obtain_all

__all__ = [
    "FILE",
    "Choice",
    "construct",
    "data_of",
    "device_named",
    "folder_of",
    "infeasible",
    "instrument",
    "known_words",
    "obtain",
    "obtain_all",
]
