"""Rules: how relevance of an operation's result is handed to its operands.

x+ = max(x, 0), x- = min(x, 0), and W+, W-, b+, b- alike; z = W x + b. A flow carries relevance as R or as G with
R = x G, so that a rule whose share of input i is x_i times something hands on that something.

Sources: Bach et al. 2015 (Zero, Epsilon, Flat, AlphaBeta, LocalRenorm), Montavon et al. 2017 (ZPlus, WSquare, ZBox),
Montavon et al. 2019 (Gamma), Andeol et al. 2023 (Gamma for both signs), Achtibat et al. 2024 (Uniform).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

import torch
from torch import Tensor

from assay.core.errors import AssayError
from assay.explain.flow import Flow, ratio, share
from assay.explain.numbers import at_least, finite
from assay.explain.op import Edge, Op
from assay.explain.parts import Family, boosted, clip, clipped, hand_on, hand_on_both, image
from assay.explain.picking import evenly, neighbours, winners

LINEAR = frozenset({"conv", "linear", "batch-norm", "scale", "sum", "avg-pool", "layer-norm", "view", "division"})
WEIGHTED = frozenset({"conv", "linear", "batch-norm"})
Flows = tuple[Flow | None, ...]


@dataclass(frozen=True, repr=False)
class Rule:
    """One way to share relevance among the operands of an operation."""

    emits: ClassVar[Literal["G", "R", "same"]] = "G"  # form in which relevance is handed on
    takes: ClassVar[Literal["G", "R"]] = "G"  # form in which it is cheaper to get
    kinds: ClassVar[frozenset[str] | None] = None  # operations it can be put on; None: any

    def __post_init__(self) -> None:
        for name in ("epsilon", "stabilizer", "gamma", "alpha", "beta"):
            if hasattr(self, name):
                at_least(f"{type(self).__name__}: {name}", getattr(self, name))

    def back(self, op: Op, flow: Flow) -> Flows:
        """Return the relevance of each operand (in the order of ``op.edges``), given that of the result."""
        raise NotImplementedError

    def edges(self, op: Op) -> tuple[Edge, ...]:
        """Return the operands that get relevance at all."""
        return op.edges

    def suits(self, op: Op) -> bool:
        """Tell whether the rule can be put on an operation."""
        return self.kinds is None or (op.kind in self.kinds and (self.kinds is not WEIGHTED or op.map is not None))

    def __repr__(self) -> str:
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        shown = [f"{name}={_brief(given[name])}" for name, default in ((f.name, f.default) for f in fields(self))
                 if name not in ("stabilizer", "bias") or given[name] != default]
        return f"{type(self).__name__}({', '.join(shown)})"


def _brief(value: object) -> str:
    """Return a parameter as it is shown: of a tensor, the shape."""
    return f"tensor{list(value.shape)}" if isinstance(value, Tensor) and value.numel() > 1 else repr(value)


def flows(values: tuple[Tensor | None, ...], form: Literal["G", "R"] = "G", owned: bool = False) -> Flows:
    """Return each value as a flow; what several operands get may be one tensor."""
    owned = owned and len(values) == 1
    return tuple(None if value is None else Flow(value, form, owned) for value in values)


class Zero(Rule):
    """LRP-0: x_i sum_j w_ij R_j / z_j, the plain gradient; for an operation that only moves entries, they move."""

    def edges(self, op: Op) -> tuple[Edge, ...]:
        return (op.details["numerator"],) if "numerator" in op.details else op.edges

    def back(self, op: Op, flow: Flow) -> Flows:
        if op.details.get("moves"):
            return flows(op.native(flow.value), flow.form)
        return per_result(op, flow.gradient(op.out))


def per_result(op: Op, s: Tensor, epsilon: float = 0.0) -> Flows:
    """Hand on relevance per unit of the result itself."""
    if op.books is not None:
        op.absorb(s, op.bias if op.scale is None or op.bias is None else op.bias * op.scale, op.out, epsilon)
        op.credit(s if op.scale is None else s * op.scale)
    return flows(op.pull(s), owned=True)


@dataclass(frozen=True, repr=False)
class Epsilon(Rule):
    """x_i sum_j w_ij R_j / stab(z_j): the stabiliser takes what would be amplified where z is near 0."""

    epsilon: float = 1e-6
    kinds: ClassVar = LINEAR
    takes: ClassVar = "R"

    def back(self, op: Op, flow: Flow) -> Flows:
        return per_result(op, damped(op, flow, self.epsilon), self.epsilon)


@dataclass(frozen=True, repr=False)
class Norm(Rule):
    """x_i R / stab(sum x): relevance of a sum is shared in proportion to its terms."""

    stabilizer: float = 1e-6
    kinds: ClassVar = LINEAR
    takes: ClassVar = "R"

    def back(self, op: Op, flow: Flow) -> Flows:
        return per_result(op, damped(op, flow, self.stabilizer), self.stabilizer)


def damped(op: Op, flow: Flow, epsilon: float) -> Tensor:
    """Return R / stab(z)."""
    if flow.form == "R" and op.rectified and epsilon:
        return ratio(flow.value, op.out.abs().add_(epsilon))  # where z < 0, R is 0
    if flow.form == "R":
        return share(flow.value, op.out, epsilon)
    if not epsilon:
        return flow.value
    size = op.out.abs()
    return torch.div(size, size + epsilon, out=size).mul(flow.value)


@dataclass(frozen=True, repr=False)
class Signed(Rule):
    """A rule that treats exciting and inhibiting contributions apart."""

    kinds: ClassVar = WEIGHTED
    takes: ClassVar = "R"

    def offset(self, op: Op, sign: int) -> Tensor | None:
        """Return b+ or b-, if the bias counts."""
        return clip(op.bias, sign) if op.bias is not None and getattr(self, "bias", True) else None


@dataclass(frozen=True, repr=False)
class ZPlus(Signed):
    """Only contributions that excite: W+ x+ + W- x- + b+."""

    stabilizer: float = 1e-6
    bias: bool = True

    def back(self, op: Op, flow: Flow) -> Flows:
        s, family = exciting(self, op, flow.relevance(op.out), self.stabilizer)
        return (Flow(hand_on(op, s, family, 1), owned=True),)


def exciting(rule: Signed, op: Op, r: Tensor, stabilizer: float) -> tuple[Tensor, Family]:
    """Return relevance per unit of the exciting part, and the weights W+, W-."""
    assert op.map is not None
    family, b = clipped(op.map.weight), rule.offset(op, 1)
    # The part is not below 0: its stabiliser goes into the bias.
    z = op.keep("z+", lambda: image(op, family, 1, op.offset(stabilizer, b)))
    s = ratio(r, z, keep=op.shared or op.books is not None)
    op.absorb(s, b, z - op.epsilon(stabilizer), op.epsilon(stabilizer))
    return s, family


@dataclass(frozen=True, repr=False)
class AlphaBeta(Signed):
    """Alpha times the exciting contributions, minus beta times the inhibiting ones; alpha - beta = 1."""

    alpha: float = 2.0
    beta: float = 1.0
    stabilizer: float = 1e-6
    bias: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not math.isclose(self.alpha - self.beta, 1.0):
            raise AssayError(f"AlphaBeta(alpha={self.alpha}, beta={self.beta}): alpha - beta is "
                             f"{self.alpha - self.beta:g}, expected 1", "for example alpha=2, beta=1")

    def back(self, op: Op, flow: Flow) -> Flows:
        assert op.map is not None
        r, e, family = flow.relevance(op.out), op.epsilon(self.stabilizer), clipped(op.map.weight)
        b = self.offset(op, 1)
        up = op.keep("z+", lambda: image(op, family, 1, b))
        down = op.keep("z-", lambda: self._inhibiting(op, up, b)) if self.beta else None
        first = ratio(r, up + e).mul_(self.alpha)
        op.absorb(first, b, up, e)
        if down is None:
            return (Flow(hand_on(op, first, family, 1), owned=True),)
        second = ratio(r, down - e).mul_(-self.beta)
        op.absorb(second, self.offset(op, -1), down, e)
        return (Flow(hand_on_both(op, first, second, family, family), owned=True),)

    def _inhibiting(self, op: Op, up: Tensor, b: Tensor | None) -> Tensor:
        """Return the inhibiting part: what the exciting one leaves of the whole, never above 0."""
        whole = op.plain if b is not None or op.bias is None else op.plain - op.bias
        return (whole - up).clamp_(max=0)


@dataclass(frozen=True, repr=False)
class Gamma(Signed):
    """Contributions of the result's own sign count more, by gamma."""

    gamma: float = 0.25
    stabilizer: float = 1e-6
    bias: bool = True

    def back(self, op: Op, flow: Flow) -> Flows:
        assert op.map is not None
        r, up = flow.relevance(op.out), boosted(op.map.weight, self.gamma, 1)
        if op.rectified and self._whole(op):
            return (Flow(hand_on(op, self._positive(op, r, up), up, 1), owned=True),)
        down = boosted(op.map.weight, self.gamma, -1)
        first = self._positive(op, torch.ops.aten.threshold_backward(r, op.out.expand_as(r), 0), up)
        second = self._negative(op, r.masked_fill(op.out >= 0, 0.0), up, down)
        if not bool(second.any()):
            return (Flow(hand_on(op, first, up, 1), owned=True),)
        return (Flow(hand_on_both(op, first, second, up, down), owned=True),)

    def _whole(self, op: Op) -> bool:
        """Whether a part has the result's sign where the result has: not if the bias counts in one of them only."""
        return self.bias or op.bias is None

    def _positive(self, op: Op, r: Tensor, up: Family) -> Tensor:
        """Return relevance per unit of the part of positive results, both divided by 1 + gamma."""
        e, z = op.epsilon(self.stabilizer / (1 + self.gamma)), self._part(op, up)
        s = ratio(r, z.clamp(min=0).add_(e)) if self._whole(op) else share(r, z, e)
        op.absorb(s, self._bias(op, 1), z, e)
        return s

    def _negative(self, op: Op, r: Tensor, up: Family, down: Family) -> Tensor:
        """Return relevance per unit of the part of negative results."""
        e = op.epsilon(self.stabilizer)
        if op.nonnegative and self._whole(op):
            # The two parts are 2 + gamma times the result together.
            z = torch.sub((2 + self.gamma) * op.plain, self._part(op, up), alpha=1 + self.gamma)
        else:
            z = op.keep("gamma-", lambda: image(op, down, -1, self._bias(op, -1)))
        s = ratio(r, z.clamp(max=0).sub_(e)) if self._whole(op) else share(r, z, e)
        op.absorb(s, self._bias(op, -1), z, e)
        return s

    def _part(self, op: Op, up: Family) -> Tensor:
        return op.keep("gamma+", lambda: image(op, up, 1, self._bias(op, 1)))

    def _bias(self, op: Op, sign: int) -> Tensor | None:
        """Return the bias of one part, that of the exciting one divided by 1 + gamma."""
        b = self.offset(op, sign)
        if b is None or op.bias is None:
            return None
        return (op.bias + self.gamma * b) / (1 + self.gamma if sign > 0 else 1)


@dataclass(frozen=True, repr=False)
class WSquare(Signed):
    """In proportion to squared weights, whatever the inputs are."""

    stabilizer: float = 1e-6
    bias: bool = True
    emits: ClassVar = "R"

    def back(self, op: Op, flow: Flow) -> Flows:
        assert op.map is not None
        map_, square, e = op.map, op.map.weight.square(), squared(op, self.stabilizer)
        b = op.bias.square() if op.bias is not None and self.bias else None
        z = op.keep("w2", lambda: map_.push(torch.ones_like(op.x[:1]), square, b))
        s = share(flow.relevance(op.out), z, e, sign=1)
        op.absorb(s, b, z, e)
        op.credit(s, square, torch.ones_like)
        return (Flow(map_.pull(s, square), "R", owned=True),)


def squared(op: Op, epsilon: float) -> float | Tensor:
    """Return a stabiliser of squares of the result as one of squares of result / scale."""
    return epsilon if op.scale is None else epsilon / op.scale.square()


@dataclass(frozen=True, repr=False)
class Flat(Rule):
    """Evenly among the inputs that a result sees."""

    stabilizer: float = 1e-6
    emits: ClassVar = "R"
    takes: ClassVar = "R"
    kinds: ClassVar = WEIGHTED | {"avg-pool", "max-pool"}

    def back(self, op: Op, flow: Flow) -> Flows:
        r = flow.relevance(op.out)
        if op.map is None:
            return flows(evenly(op, r), "R")
        if op.books is not None:
            count, ones = op.map.count(), torch.ones_like(op.map.weight)
            s = share(r, count, self.stabilizer, sign=1)
            op.absorb(s, None, count, self.stabilizer)
            op.credit(s, ones, torch.ones_like)
        return (Flow(op.map.evenly(r, self.stabilizer), "R"),)


@dataclass(frozen=True, repr=False)
class ZBox(Signed):
    """Inputs that live in a box from `low` to `high`: how far each is from the side that would lower the result."""

    low: float | Tensor
    high: float | Tensor
    stabilizer: float = 1e-6
    bias: bool = True
    emits: ClassVar = "R"

    def __post_init__(self) -> None:
        super().__post_init__()
        finite("ZBox: low", self.low)
        finite("ZBox: high", self.high)

    def back(self, op: Op, flow: Flow) -> Flows:
        assert op.map is not None
        map_, family = op.map, clipped(op.map.weight)
        low, high = self._sides(op)
        plus, minus = family(1), family(-1)
        e = op.epsilon(self.stabilizer)
        z = op.keep("box", lambda: self._inside(op, map_.push(low, plus) + map_.push(high, minus)))
        s = share(flow.relevance(op.out), z, e)
        op.absorb(s, None, z, e)
        op.credit(s, map_.weight)
        op.credit(s, plus, lambda x: -low.expand_as(x))
        op.credit(s, minus, lambda x: -high.expand_as(x))
        whole, upper = map_.pull(s, map_.weight), map_.pull(s, plus)
        # x W s - low W+ s - high W- s, where W- is W - W+
        return (Flow((op.x - high) * whole + (high - low) * upper, "R", owned=True),)

    @staticmethod
    def _inside(op: Op, side: Tensor) -> Tensor:
        """Return W x - side."""
        return op.plain - side if op.bias is None else op.plain - (side + op.bias)

    def _sides(self, op: Op) -> tuple[Tensor, Tensor]:
        low, high = self._side(op, "low"), self._side(op, "high")
        tolerance = 1e-5 * float((high - low).abs().max())
        if bool((op.x < low - tolerance).any()) or bool((op.x > high + tolerance).any()):
            raise AssayError(f"the input lies outside the box of ZBox: {float(op.x.min()):g} to "
                             f"{float(op.x.max()):g}, expected within low={float(low.min()):g} and "
                             f"high={float(high.max()):g}", "give the limits of normalised inputs as low= and high=")
        return low, high

    def _side(self, op: Op, name: str) -> Tensor:
        side = torch.as_tensor(getattr(self, name), dtype=op.x.dtype, device=op.x.device)
        try:
            return side.expand(1, *op.x.shape[1:])
        except RuntimeError:
            raise AssayError(f"ZBox: {name} has shape {tuple(side.shape)}, expected a number or a shape that fits one "
                             f"input {tuple(op.x.shape[1:])}", "per channel: [C, 1, 1]") from None


class Pass(Rule):
    """Relevance goes on unchanged."""

    emits: ClassVar = "same"
    kinds: ClassVar = frozenset({"activation", "layer-norm", "local-response-norm", "softmax", "scale", "batch-norm"})

    def back(self, op: Op, flow: Flow) -> Flows:
        if flow.form == "R":
            return (flow,)
        if op.details.get("homogeneous"):
            return flows(op.native(flow.value))
        return (Flow(flow.value * op.keep("slope", lambda: slope(op))),)


def slope(op: Op) -> Tensor:
    """Return f(x)/x, and f'(0) where x is 0."""
    zero = op.x == 0
    if not bool(zero.any()):
        return op.out / op.x
    native, = op.native(torch.ones_like(op.out))
    assert native is not None
    return torch.where(zero, native, op.out / op.x)


class Derivative(Rule):
    """Relevance times the activation's own gradient."""

    emits: ClassVar = "same"
    kinds: ClassVar = frozenset({"activation"})

    def back(self, op: Op, flow: Flow) -> Flows:
        if flow.form == "R" or op.name == "relu":
            return flows(op.native(flow.value), flow.form)
        return flows(op.native(flow.value * op.keep("slope", lambda: slope(op))))


@dataclass(frozen=True, repr=False)
class Rectified(Rule):
    """A rectifier's gradient, changed; what comes out is no relevance."""

    kinds: ClassVar = frozenset({"activation"})

    def back(self, op: Op, flow: Flow) -> Flows:
        return (Flow(self.gradient(op.x, flow.value)),)

    def gradient(self, x: Tensor, g: Tensor) -> Tensor:
        """Return the gradient that goes on."""
        raise NotImplementedError


class Guided(Rectified):
    """G where G > 0 and x > 0."""

    def gradient(self, x: Tensor, g: Tensor) -> Tensor:
        return g.clamp(min=0) * (x > 0)


class Deconvnet(Rectified):
    """G where G > 0."""

    def gradient(self, x: Tensor, g: Tensor) -> Tensor:
        return g.clamp(min=0)


@dataclass(frozen=True, repr=False)
class BetaSmooth(Rectified):
    """G sigmoid(beta x): the gradient of a softplus (Dombrowski et al. 2019)."""

    beta: float = 10.0

    def gradient(self, x: Tensor, g: Tensor) -> Tensor:
        return g * torch.sigmoid(self.beta * x)


class Uniform(Rule):
    """A product's factors get equal shares: half the gradient each, a quarter where attention is one operation."""

    kinds: ClassVar = frozenset({"product", "attention"})

    def back(self, op: Op, flow: Flow) -> Flows:
        grads = op.native(flow.gradient(op.out))
        shares = [self._share(op, edge) for edge in op.edges]
        return flows(tuple(None if g is None else g * part for g, part in zip(grads, shares, strict=True)))

    @staticmethod
    def _share(op: Op, edge: Edge) -> float:
        """Return a factor's share: a factor that is a constant leaves all to the other."""
        roles: Mapping[Edge, str] = op.details.get("roles", {})
        if op.kind == "product":
            return 0.5
        weights = {"query", "key"} & set(roles.values())
        if roles[edge] == "value":
            return 0.5 if weights else 1.0
        return (0.5 if "value" in roles.values() else 1.0) / len(weights)


class Signal(Rule):
    """A gate, or attention weights, is a constant: what it lets through gets all."""

    kinds: ClassVar = frozenset({"product", "attention"})

    def edges(self, op: Op) -> tuple[Edge, ...]:
        gate, roles = op.details.get("gate"), op.details.get("roles", {})
        return tuple(edge for edge in op.edges if edge != gate and roles.get(edge) not in ("query", "key"))

    def back(self, op: Op, flow: Flow) -> Flows:
        return flows(op.native(flow.gradient(op.out)))


class Winner(Rule):
    """The maximum takes all, the first of equals."""

    emits: ClassVar = "same"
    kinds: ClassVar = frozenset({"max-pool"})

    def back(self, op: Op, flow: Flow) -> Flows:
        return flows(winners(op, flow.value), flow.form)


class Stop(Rule):
    """Nothing goes on."""

    def edges(self, op: Op) -> tuple[Edge, ...]:
        return ()

    def back(self, op: Op, flow: Flow) -> Flows:
        return (None,) * len(op.edges)


@dataclass(frozen=True, repr=False)
class LocalRenorm(Rule):
    """Local response norm, y_k = x_k / (k0 + b sum x^2)^c, expanded at (0, ..., x_k, ..., 0)."""

    stabilizer: float = 1e-6
    emits: ClassVar = "R"
    kinds: ClassVar = frozenset({"local-response-norm"})

    def back(self, op: Op, flow: Flow) -> Flows:
        x, b, c, size = op.x, op.details["scale"], op.details["power"], op.details["size"]
        square, channels = x.square(), 1 - x.ndim
        around = neighbours(square, size, channels)
        own = x * (op.details["constant"] + b * square) ** -c
        weight = -2 * b * c * x * (op.details["constant"] + b * around) ** (-c - 1)  # z_jk = weight_k x_j^2, j != k
        s = share(flow.relevance(op.out), own + weight * (around - square), self.stabilizer)
        spread = neighbours(weight * s, size, channels, transposed=True) - weight * s
        return (Flow(own * s + square * spread, "R"),)
