"""Verdicts.  In: claims, and the networks they are about; out: holds, refuted or undecided, with all it rests on."""

from circuitlang.verification.instrumented import Instrumented
from circuitlang.verification.laboratory import Laboratory
from circuitlang.verification.verdict import Report, Verdict
from circuitlang.verification.verify import StopTest, decide, verify_claims

__all__ = ["Instrumented", "Laboratory", "Report", "StopTest", "Verdict", "decide", "verify_claims"]
