"""Networks from elsewhere, and ours for others.  In: TransformerLens bridges, files with foreign names; out: the same
network as a `Transformer`, or a `Transformer` as a bridge, or a refusal: a conversion is exact or there is none.

TransformerLens' bridge takes seconds to import, so nothing here is imported before it is needed.
"""
