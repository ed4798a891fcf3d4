"""Composites: which rule an operation gets, as data.

Sources of the presets: Montavon et al. 2017 (deep Taylor), 2019 (epsilon-plus, epsilon-gamma-box), Bach et al. 2015
(alpha-beta), Zhang et al. 2016 (excitation backprop), Springenberg et al. 2014 (guided backprop), Zeiler and Fergus
2014 (deconvnet), Ali et al. 2022 (CP-LRP), Achtibat et al. 2024 (AttnLRP). attn-lrp-gamma puts Gamma on AttnLRP's
affine layers, as the example for vision transformers of that paper's library does, which tries several gammas: 0.25
and 0.05 are among them and no more than a start.
"""

from __future__ import annotations

import fnmatch
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor, nn

from assay.core.errors import AssayError, did_you_mean
from assay.explain.numbers import at_least
from assay.explain.op import Op
from assay.explain.rules import (
    AlphaBeta,
    BetaSmooth,
    Deconvnet,
    Derivative,
    Epsilon,
    Flat,
    Gamma,
    Guided,
    LocalRenorm,
    Norm,
    Pass,
    Rule,
    Signal,
    Stop,
    Uniform,
    Winner,
    WSquare,
    ZBox,
    Zero,
    ZPlus,
)

Selector = str | type[nn.Module] | tuple[Any, ...]
Entries = Sequence[tuple[Selector, Rule]]
KINDS = ("conv", "linear", "affine", "activation", "sum", "avg-pool", "max-pool", "batch-norm", "layer-norm", "softmax",
         "product", "embedding", "scale", "attention", "division", "statistic", "view", "local-response-norm", "relu")
AFFINE = ("conv", "linear")


@dataclass(frozen=True)
class Composite:
    """Which rule an operation gets: the first entry that matches, in `names`, `first`, `layers`, then the base map.

    Parameters
    ----------
    layers, first : sequences of (selector, rule)
        A selector is a kind word, a module class, or a tuple of these; `first` looks at affine operations with no
        affine operation between them and the explained input only.
    names : sequence of (glob, rule)
        The glob matches the path of the module that the operation runs in.
    base : bool
        Use the base map for the rest; without it the rest takes its own gradient.
    gate : "signal" or "half"
        Whether a gate (output of a sigmoid, hard sigmoid or softmax) gets half of a product's relevance.
    attention : "uniform" or "stop"
        Whether relevance goes to attention weights, or they (and any gate) are constants.
    stabilizer : float
        Of the base map's rules.
    result : "relevance" or "gradient"
        What arrives at the input is relevance, or a modified gradient.

    Examples
    --------
    >>> Composite(layers=[("conv", ZPlus()), ("linear", Epsilon())]).layers[1]
    ('linear', Epsilon(epsilon=1e-06))
    """

    layers: Entries = ()
    names: Sequence[tuple[str, Rule]] = ()
    first: Entries = ()
    base: bool = True
    name: str = "custom"
    gate: str = "signal"
    attention: str = "uniform"
    stabilizer: float = 1e-6
    result: str = "relevance"
    kinds: dict[str, Rule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for entry in (*self.layers, *self.first, *self.names):
            _check_entry(entry)
        for selector, _ in (*self.layers, *self.first):
            _check_selector(selector)
        for glob, _ in self.names:
            if not isinstance(glob, str):
                raise AssayError(f"a composite names {glob!r}, expected a glob on module paths",
                                 "classes go into layers=")
        for name, allowed in (("gate", ("signal", "half")), ("attention", ("uniform", "stop")),
                              ("result", ("relevance", "gradient"))):
            if getattr(self, name) not in allowed:
                raise AssayError(f"Composite: {name}={getattr(self, name)!r}, expected "
                                 f"{' or '.join(map(repr, allowed))}")
        at_least("Composite: stabilizer", self.stabilizer)
        object.__setattr__(self, "kinds", base_map(self.stabilizer) if self.base else {})

    def choose(self, op: Op, module: nn.Module | None, is_first: bool) -> Rule | None:
        """Return the rule of an operation, or None if there is none for it."""
        for glob, rule in self.names:
            if fnmatch.fnmatchcase(op.module, glob) and rule.suits(op):
                return rule
        for entries in (self.first if is_first else (), self.layers):
            for selector, rule in entries:
                if matches(selector, op, module) and rule.suits(op):
                    return rule
        if not self.base:
            return Zero()
        return self._product(op) if op.kind in ("product", "attention") else self.kinds.get(op.kind)

    def _product(self, op: Op) -> Rule:
        """Return the rule of a product: who is a gate, and what a gate gets."""
        gate = op.details.get("gate")
        if self.attention == "stop":
            return Signal() if gate is not None or op.kind == "attention" else Uniform()
        if op.details.get("own"):
            return Signal()
        return Signal() if gate is not None and not op.details["matrices"] and self.gate == "signal" else Uniform()

    def check_names(self, paths: Iterable[str]) -> None:
        """Raise AssayError if a glob of `names` matches no module."""
        known = list(paths)
        for glob, _ in self.names:
            if not any(fnmatch.fnmatchcase(path, glob) for path in known):
                raise AssayError(f"the composite names {glob!r}, but no module has such a path",
                                 did_you_mean(glob, known) or "see model.named_modules()")


def base_map(stabilizer: float) -> dict[str, Rule]:
    """Return the rule of every kind of operation that no entry matched."""
    norm, epsilon = (Norm(stabilizer), Epsilon(stabilizer)) if stabilizer else (Zero(), Zero())
    zero = Zero()
    return {"sum": norm, "avg-pool": norm, "max-pool": Winner(), "activation": Pass(), "batch-norm": epsilon,
            "scale": epsilon, "layer-norm": zero, "softmax": zero, "division": zero, "statistic": Stop(), "view": zero,
            "embedding": zero, "local-response-norm": LocalRenorm(stabilizer), "conv": epsilon, "linear": epsilon}


def matches(selector: Selector, op: Op, module: nn.Module | None) -> bool:
    """Tell whether a selector means an operation."""
    if isinstance(selector, tuple):
        return any(matches(item, op, module) for item in selector)
    if isinstance(selector, str):
        return selector == op.kind or (selector == "affine" and op.kind in AFFINE) \
            or (selector == "relu" and op.name == "relu")
    return isinstance(module, selector)


def _check_entry(entry: Any) -> None:
    if not isinstance(entry, tuple | list) or len(entry) != 2:
        raise AssayError(f"a composite holds {entry!r}, expected pairs (selector, rule)",
                         "for example ('conv', ZPlus())")
    if not isinstance(entry[1], Rule):
        raise AssayError(f"a composite's entry for {entry[0]!r} is {entry[1]!r}, expected a rule",
                         "for example ('conv', ZPlus())")


def _check_selector(selector: Any) -> None:
    for word in selector if isinstance(selector, tuple) else (selector,):
        if isinstance(word, str) and word not in KINDS:
            raise AssayError(f"a composite selects {word!r}, which is no kind of operation",
                             did_you_mean(word, KINDS) or f"the kinds are {', '.join(KINDS)}; paths go into names=")
        if not isinstance(word, str) and not (isinstance(word, type) and issubclass(word, nn.Module)):
            raise AssayError(f"a composite selects {word!r}, expected a kind word, a module class or a tuple of these",
                             f"the kinds are {', '.join(KINDS)}")


def _two(conv: Rule, dense: Rule, **more: Any) -> Composite:
    return Composite(layers=(("conv", conv), ("linear", dense)), **more)


def _flat(composite: Composite, stabilizer: float) -> Composite:
    return replace(composite, first=(("affine", Flat(stabilizer)),))


def _epsilon(epsilon: float = 1e-6, stabilizer: float = 1e-6) -> Composite:
    return _two(Epsilon(epsilon), Epsilon(epsilon), stabilizer=stabilizer)


def _epsilon_plus(epsilon: float = 1e-6, stabilizer: float = 1e-6) -> Composite:
    return _two(ZPlus(stabilizer), Epsilon(epsilon), stabilizer=stabilizer)


def _epsilon_plus_flat(epsilon: float = 1e-6, stabilizer: float = 1e-6) -> Composite:
    return _flat(_epsilon_plus(epsilon, stabilizer), stabilizer)


def _epsilon_gamma_box(low: float | Tensor | None = None, high: float | Tensor | None = None, gamma: float = 0.25,
                       epsilon: float = 1e-6, stabilizer: float = 1e-6) -> Composite:
    if low is None or high is None:
        raise AssayError("epsilon-gamma-box needs the box that inputs live in: low and high are not given",
                         "give low= and high=: numbers, or tensors like one input (for images (0 - mean)/std and "
                         "(1 - mean)/std)")
    box = (("conv", ZBox(low, high, stabilizer)),)
    return _two(Gamma(gamma, stabilizer), Epsilon(epsilon), first=box, stabilizer=stabilizer)


def _alpha2_beta1(epsilon: float = 1e-6, stabilizer: float = 1e-6) -> Composite:
    return _two(AlphaBeta(2.0, 1.0, stabilizer), Epsilon(epsilon), stabilizer=stabilizer)


def _alpha2_beta1_flat(epsilon: float = 1e-6, stabilizer: float = 1e-6) -> Composite:
    return _flat(_alpha2_beta1(epsilon, stabilizer), stabilizer)


def _preset_a(epsilon: float = 0.1, stabilizer: float = 1e-6) -> Composite:
    return _two(AlphaBeta(1.0, 0.0, stabilizer), Epsilon(epsilon), stabilizer=stabilizer)


def _preset_a_flat(epsilon: float = 0.1, stabilizer: float = 1e-6) -> Composite:
    return _flat(_preset_a(epsilon, stabilizer), stabilizer)


def _preset_b(epsilon: float = 0.1, stabilizer: float = 1e-6) -> Composite:
    return _two(AlphaBeta(2.0, 1.0, stabilizer), Epsilon(epsilon), stabilizer=stabilizer)


def _preset_b_flat(epsilon: float = 0.1, stabilizer: float = 1e-6) -> Composite:
    return _flat(_preset_b(epsilon, stabilizer), stabilizer)


def _deep_taylor(low: float | Tensor | None = None, high: float | Tensor | None = None,
                 stabilizer: float = 1e-6) -> Composite:
    first: Rule = WSquare(stabilizer) if low is None or high is None else ZBox(low, high, stabilizer)
    return _two(ZPlus(stabilizer), ZPlus(stabilizer), first=(("affine", first),), stabilizer=stabilizer)


def _excitation_backprop(stabilizer: float = 1e-6) -> Composite:
    return Composite(layers=(("affine", ZPlus(stabilizer)), ("activation", Derivative())), stabilizer=stabilizer)


def _attn_lrp(stabilizer: float = 0.0) -> Composite:
    return _two(Zero(), Zero(), stabilizer=stabilizer, gate="half")


def _cp_lrp(stabilizer: float = 0.0) -> Composite:
    return _two(Zero(), Zero(), stabilizer=stabilizer, attention="stop")


def _attn_lrp_gamma(conv_gamma: float = 0.25, gamma: float = 0.05, stabilizer: float = 1e-6) -> Composite:
    return _two(Gamma(conv_gamma, stabilizer), Gamma(gamma, stabilizer), stabilizer=0.0, gate="half")


def _rectified(rule: Rule) -> Composite:
    return Composite(layers=(("relu", rule),), base=False, result="gradient")


def _guided_backprop() -> Composite:
    return _rectified(Guided())


def _deconvnet() -> Composite:
    return _rectified(Deconvnet())


def _beta_smooth(beta: float = 10.0) -> Composite:
    return _rectified(BetaSmooth(beta))


BUILDERS: dict[str, tuple[Callable[..., Composite], str]] = {
    "epsilon": (_epsilon, "Epsilon everywhere"),
    "epsilon-plus": (_epsilon_plus, "ZPlus on convolutions, Epsilon on dense layers"),
    "epsilon-plus-flat": (_epsilon_plus_flat, "epsilon-plus, Flat on the first layer"),
    "epsilon-gamma-box": (_epsilon_gamma_box, "Gamma on convolutions, Epsilon on dense layers, ZBox on the first"),
    "epsilon-alpha2-beta1": (_alpha2_beta1, "AlphaBeta(2, 1) on convolutions, Epsilon on dense layers"),
    "epsilon-alpha2-beta1-flat": (_alpha2_beta1_flat, "epsilon-alpha2-beta1, Flat on the first layer"),
    "preset-a": (_preset_a, "AlphaBeta(1, 0) on convolutions, Epsilon(0.1) on dense layers"),
    "preset-a-flat": (_preset_a_flat, "preset-a, Flat on the first layer"),
    "preset-b": (_preset_b, "AlphaBeta(2, 1) on convolutions, Epsilon(0.1) on dense layers"),
    "preset-b-flat": (_preset_b_flat, "preset-b, Flat on the first layer"),
    "deep-taylor": (_deep_taylor, "ZPlus; on the first layer ZBox if low and high are given, else WSquare"),
    "excitation-backprop": (_excitation_backprop, "ZPlus; activations by their own gradient"),
    "attn-lrp": (_attn_lrp, "LRP-0, products halved: transformers"),
    "cp-lrp": (_cp_lrp, "LRP-0, attention weights and gates are constants"),
    "attn-lrp-gamma": (_attn_lrp_gamma, "attn-lrp with Gamma on affine layers"),
    "guided-backprop": (_guided_backprop, "gradient that passes a relu where input and gradient are positive"),
    "deconvnet": (_deconvnet, "gradient that passes a relu where the gradient is positive"),
    "beta-smooth": (_beta_smooth, "gradient of a softplus in place of relu"),
}
COMPOSITES = {name: description for name, (_, description) in BUILDERS.items()}


def spelled(name: str) -> str:
    """Return a name in the form of `COMPOSITES`.

    >>> spelled("EpsilonPlusFlat"), spelled("epsilon_plus_flat"), spelled("EpsilonAlpha2Beta1")
    ('epsilon-plus-flat', 'epsilon-plus-flat', 'epsilon-alpha2-beta1')
    """
    if name.islower() or not name.replace("_", "").isalnum():
        return name.lower().replace("_", "-")
    return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name)).replace("_", "-")


def composite(name: str, **params: Any) -> Composite:
    """Return a composite by name.

    Parameters
    ----------
    name : str
        One of `COMPOSITES`, spelled with hyphens, underscores or capitals.
    params
        What the composite takes, such as ``gamma=0.1``, ``epsilon=1e-3``, ``stabilizer=``, ``low=``, ``high=``.

    Raises
    ------
    AssayError
        If the name or a parameter is not known, or a value is not allowed.

    Examples
    --------
    >>> composite("epsilon-plus-flat").first
    (('affine', Flat()),)
    """
    key, known = known_as(name), accepted(name)
    for param in params:
        if param not in known:
            raise AssayError(f"composite {key!r} has no parameter {param!r}",
                             did_you_mean(param, known) or f"it takes {', '.join(known) or 'none'}")
    return replace(BUILDERS[key][0](**params), name=key)


def known_as(name: str) -> str:
    """Return the key of a composite's name, or raise AssayError."""
    key = spelled(name) if isinstance(name, str) else ""
    if key not in BUILDERS:
        raise AssayError(f"no composite {name!r}", did_you_mean(key, BUILDERS) or f"known: {', '.join(BUILDERS)}")
    return key


def accepted(name: str) -> list[str]:
    """Return the names of the parameters that a composite takes."""
    return list(inspect.signature(BUILDERS[known_as(name)][0]).parameters)
