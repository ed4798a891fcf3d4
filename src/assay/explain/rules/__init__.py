"""Rules: how relevance of an operation's result is handed to its operands.

x+ = max(x, 0), x- = min(x, 0), and W+, W-, b+, b- alike; z = W x + b. A flow carries relevance as R or as G with
R = x G, so that a rule whose share of input i is x_i times something hands on that something.

Sources: Bach et al. 2015 (Zero, Epsilon, Flat, AlphaBeta, LocalRenorm), Montavon et al. 2017 (ZPlus, WSquare, ZBox),
Montavon et al. 2019 (Gamma), Andeol et al. 2023 (Gamma for both signs), Achtibat et al. 2024 (Uniform).
"""

from __future__ import annotations

from assay.explain.rules.activations import BetaSmooth, Deconvnet, Derivative, Guided, LocalRenorm, Pass, Rectified
from assay.explain.rules.base import LINEAR, WEIGHTED, Flows, Rule, Stop, flows
from assay.explain.rules.inputs import Flat, WSquare, ZBox
from assay.explain.rules.products import Signal, Uniform, Winner
from assay.explain.rules.proportional import Epsilon, Norm, Zero
from assay.explain.rules.signed import AlphaBeta, Gamma, Signed, ZPlus

__all__ = ["LINEAR", "WEIGHTED", "AlphaBeta", "BetaSmooth", "Deconvnet", "Derivative", "Epsilon", "Flat", "Flows",
           "Gamma", "Guided", "LocalRenorm", "Norm", "Pass", "Rectified", "Rule", "Signal", "Signed", "Stop", "Uniform",
           "WSquare", "Winner", "ZBox", "ZPlus", "Zero", "flows"]
