"""Methods by name: what each is, what it takes, and how a benchmark loads one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

from torch import Tensor

from assay.core.errors import AssayError, did_you_mean
from assay.explain.ask import Ask
from assay.explain.attribution import Attribution
from assay.explain.attributors.controls import Edges, Random
from assay.explain.attributors.gradcam import GradCam
from assay.explain.attributors.gradient import Gradient, IntegratedGradients, SmoothGrad, SmoothTaylor
from assay.explain.attributors.occlusion import Occlusion
from assay.explain.attributors.relevance import Lrp
from assay.explain.composites import BUILDERS, Composite, accepted


class Method(Protocol):
    """A method with its options."""

    @property
    def name(self) -> str:
        """One of `METHODS`."""
        ...

    def attribute(self, ask: Ask) -> Attribution:
        """Answer a question."""


Build = Callable[..., Method]


def _under(name: str) -> Build:
    return lambda **params: Lrp(name, params, name)


_KINDS: dict[str, tuple[str, Any]] = {
    "lrp": ("relevance under a composite", Lrp),
    "deep-taylor": ("deep Taylor decomposition: ZPlus, ZBox or WSquare on the first layer", _under("deep-taylor")),
    "excitation-backprop": ("ZPlus, activations by their own gradient", _under("excitation-backprop")),
    "guided-backprop": ("gradient that passes a relu where input and gradient are positive", _under("guided-backprop")),
    "deconvnet": ("gradient that passes a relu where the gradient is positive", _under("deconvnet")),
    "gradient": ("gradient of the target", Gradient),
    "input-x-gradient": ("input times gradient", Gradient),
    "smoothgrad": ("mean gradient at noisy copies of the input", SmoothGrad),
    "integrated-gradients": ("gradients integrated from a baseline to the input", IntegratedGradients),
    "smooth-taylor": ("mean of (x - z) grad f(z) over noisy roots z", SmoothTaylor),
    "occlusion": ("what the target loses when a window is hidden", Occlusion),
    "gradcam": ("a layer's channels weighted by their mean gradient", GradCam),
    "guided-gradcam": ("Grad-CAM times guided backpropagation", GradCam),
    "random": ("control: seeded noise", Random),
    "edges": ("control: Sobel magnitude of the input", Edges),
}
METHODS = {name: description for name, (description, _) in _KINDS.items()}
FIXED = {"gradient": {"times_input": False}, "input-x-gradient": {"times_input": True}, "gradcam": {"guided": False},
         "guided-gradcam": {"guided": True}}
RULED = ("lrp", *(name for name in _KINDS if name in BUILDERS))


def make_method(name: str, composite: Composite | str | None = None, low: Any = None, high: Any = None,
                **options: Any) -> Method:
    """Return a method with its options.

    Parameters
    ----------
    name : str
        One of `METHODS`.
    composite : Composite, str or None
        For lrp only.
    low, high : number or Tensor, optional
        The box that inputs live in, for composites that take one.
    options
        Of the method, or of a composite given by name.

    Raises
    ------
    AssayError
        If the name or an option is not known, or a value is not allowed.
    """
    key = name.lower().replace("_", "-") if isinstance(name, str) else name
    if key not in _KINDS:
        raise AssayError(f"no method {name!r}", did_you_mean(str(key), METHODS) or f"known: {', '.join(METHODS)}")
    if (low is None) != (high is None):
        raise AssayError(f"{'high' if high is None else 'low'} is not given, {'low' if high is None else 'high'} is",
                         "a box has both limits, or leave both out")
    if composite is not None and key != "lrp":
        raise AssayError(f"method {key!r} takes no composite, {composite!r} was given", "use method='lrp'")
    if key in RULED:
        return _ruled(key, composite, low, high, options)
    kind = _KINDS[key][1]
    known = [f.name for f in fields(kind) if f.name not in ("name", *FIXED.get(key, {}))]
    _check_options(key, options, known)
    made: Method = kind(**options, **FIXED.get(key, {}), name=key)
    return made


def _ruled(key: str, composite: Composite | str | None, low: Any, high: Any, options: dict[str, Any]) -> Method:
    if isinstance(composite, Composite):
        _check_options(f"{key} with a composite of your own", options, [])
        return Lrp(composite, {}, key)
    chosen = composite if key == "lrp" else key
    box = {name: value for name, value in (("low", low), ("high", high)) if value is not None}
    if chosen is None:
        _check_options("lrp without a composite", options, [])
        return Lrp(None, {}, key)
    known = accepted(chosen)
    _check_options(f"{key} with {chosen}" if key == "lrp" else key, options, known)
    return Lrp(chosen, {**options, **{k: v for k, v in box.items() if k in known}}, key)


def _check_options(what: str, options: dict[str, Any], known: list[str]) -> None:
    for option in options:
        if option not in known:
            raise AssayError(f"{what} has no option {option!r}",
                             did_you_mean(option, known) or f"it takes {', '.join(known) or 'none'}")


@dataclass(frozen=True)
class Loaded:
    """A method as benchmarks use it: called with a network (or a module), inputs and a target.

    Parameters
    ----------
    method, composite, options
        As for `explain`.
    """

    method: str
    composite: Composite | str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self, model: Any, inputs: Any, target: Any = "predicted", **more: Any) -> Attribution:
        """Return the attribution of some inputs; keywords as for `explain`."""
        from assay.explain.explainer import explain

        return explain(model, inputs, target, method=self.method, composite=self.composite, **{**self.options, **more})

    def heatmap(self, model: Any, inputs: Any, target: Any = "predicted") -> Tensor:
        """Return the relevance alone."""
        return self(model, inputs, target).relevance


def load(method: str = "lrp", composite: Composite | str | None = None, device: str = "cpu",
         **options: Any) -> Loaded:
    """Return a method for benchmarks; its names and options are checked now.

    Raises
    ------
    AssayError
        If a name or an option is not known.

    Examples
    --------
    >>> load("lrp", composite="epsilon-plus-flat").method
    'lrp'
    """
    if isinstance(composite, str) and {"low", "high"} <= set(accepted(composite)):
        make_method(method, composite, **{"low": 0.0, "high": 1.0, **options})
    else:
        make_method(method, composite, **options)
    return Loaded(method, composite, options)
