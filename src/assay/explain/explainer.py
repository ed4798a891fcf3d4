"""`explain` and `Explainer`: the front door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from assay.core.errors import AssayError
from assay.explain.ask import Ask, Settings
from assay.explain.attribution import Attribution
from assay.explain.compiled import parameters_of
from assay.explain.composites import Composite
from assay.explain.engine import Masks
from assay.explain.inputs import check_dtype, check_model, read_inputs
from assay.explain.methods import RULED, make_method
from assay.explain.precision import Precision, shortened
from assay.explain.targets import Position, Seed
from assay.explain.trace import globs_of, layer_names

Mask = Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]] | None
NO_LAYERS = ("occlusion", "random", "edges")


class Explainer:
    """A method for one model, to be called with inputs; parameters as for `explain`.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 2)).eval()
    >>> explainer = Explainer(model, composite="epsilon")
    >>> explainer(torch.ones(4, 3), target=1).relevance.shape
    torch.Size([4, 3])
    """

    def __init__(self, model: Any, *, method: str = "lrp", composite: Composite | str | None = None,
                 layers: Sequence[str] | str = (), seed: Seed = "output", position: Position = None,
                 wrt: str | None = None, mask: Mask = None, weights: Sequence[str] | str = (), many: bool = False,
                 flat_below: str | None = None, low: Any = None, high: Any = None, canonize: bool = True,
                 audit: bool = False, on_uncovered: Literal["error", "gradient"] = "error",
                 precision: Precision = None, **options: Any) -> None:
        module, low, high = _unwrapped(model, low, high)
        self.model = check_model(module)
        self.method = make_method(method, composite, low, high, **options)
        self.wrt = wrt
        masks = _masks(mask)
        self.settings = Settings(
            layer_names(self.model, layers) if layers else [], seed, position, masks,
            parameter_names(self.model, weights) if weights else [], many, flat_below, canonize, audit, on_uncovered)
        _check_choices(self.settings, self.method.name)
        for name in [*(masks.names if masks else ()), *([] if flat_below is None else [flat_below])]:
            layer_names(self.model, [name])
        self.short = shortened(self.method, self.method.name, self.model, precision)

    def __call__(self, inputs: Any, target: Any = "predicted") -> Attribution:
        """Return what the inputs contributed to the target."""
        given = read_inputs(inputs, self.wrt)
        check_dtype(self.model, given)
        return (self.short or self.method).attribute(Ask(self.model, given, target, self.settings))


def explain(model: Any, inputs: Any, target: Any = "predicted", *, method: str = "lrp",
            composite: Composite | str | None = None, layers: Sequence[str] | str = (), seed: Seed = "output",
            position: Position = None, wrt: str | None = None, mask: Mask = None, weights: Sequence[str] | str = (),
            many: bool = False, flat_below: str | None = None, low: Any = None, high: Any = None, canonize: bool = True,
            audit: bool = False, on_uncovered: Literal["error", "gradient"] = "error", precision: Precision = None,
            **options: Any) -> Attribution:
    """Return what an input contributed to an output of a model.

    The model is run as it is, and is as before afterwards.

    Parameters
    ----------
    model : nn.Module or Network
        In evaluation mode; of any architecture.
    inputs : Tensor [N, ...] or dict of keyword tensors
        Floating-point numbers, or token ids.
    target
        What is explained: an int, a list or tensor [N] of ints, ``"predicted"``, ``"contrast:A,B"`` (f_A - f_B),
        ``"contrast:A"`` (f_A minus the mean of the others), a tensor of the output's shape (output relevance), or
        a function of the output that returns one.
    method : str
        One of `METHODS`.
    composite : Composite, str or None
        The rules of lrp; None: attn-lrp if the model has attention, else epsilon-plus-flat.
    layers : module paths or globs
        Where relevance is kept too (``"*"``: all modules without children).
    seed : "output" or "one"
        Relevance of the target is its output, or 1.
    position : int, tuple or "sum"
        The token (default: the last) or place of an output with places.
    wrt : str
        Which of several keyword tensors is explained.
    mask : {path: Tensor}, or a list of M of them
        Factors of relevance at modules' outputs; a list gives relevance [M, N, ...] from one forward pass.
    weights : parameter or module globs
        Whose relevance goes into `.weights`, summed over the batch.
    many : bool
        `target` is a list of M targets: relevance is [M, N, ...].
    flat_below : str
        Operations that run before this module spread relevance evenly.
    low, high : number or Tensor
        The box that inputs live in, for composites with ZBox.
    canonize : bool
        Merge batch norms into the affine operation before them.
    audit : bool
        Report for every operation where relevance went.
    on_uncovered : "error" or "gradient"
        What to do about operations without a rule.
    precision : "bf16", optional
        Compute in bfloat16, with a copy of the model; the report says how far off the map is from that in float32.
    **options
        Of the method, or of the composite if it is given by name.

    Returns
    -------
    Attribution
        With ``.relevance`` of the explained tensor's shape ([N, T] for token ids).

    Raises
    ------
    AssayError
        For bad input of any kind; `UncoveredOp` for operations without a rule.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Linear(3, 2, bias=False).eval()
    >>> found = explain(model, torch.ones(1, 3), target=0, composite="epsilon")
    >>> torch.allclose(found.relevance.sum(), found.output[0, 0])
    True
    """
    explainer = Explainer(model, method=method, composite=composite, layers=layers, seed=seed, position=position,
                          wrt=wrt, mask=mask, weights=weights, many=many, flat_below=flat_below, low=low, high=high,
                          canonize=canonize, audit=audit, on_uncovered=on_uncovered, precision=precision, **options)
    return explainer(inputs, target)


def _unwrapped(model: Any, low: Any, high: Any) -> tuple[Any, Any, Any]:
    """Return the module of a Network, and its box where none is given."""
    if isinstance(model, nn.Module) or not hasattr(model, "module") or not hasattr(model, "input_shape"):
        return model, low, high
    if getattr(model, "layout", "") == "tokens":
        return model.module, low, high
    return model.module, model.low if low is None else low, model.high if high is None else high


def _masks(mask: Mask) -> Masks | None:
    if mask is None:
        return None
    given = list(mask) if isinstance(mask, list | tuple) else [mask]
    if not given:
        raise AssayError("mask is an empty list, expected at least one {module path: tensor}")
    for one in given:
        if not isinstance(one, Mapping) or not all(isinstance(value, Tensor) for value in one.values()):
            raise AssayError(f"a mask is {type(one).__name__}, expected {{module path: tensor}}, or a list of these")
    return Masks(given, len(given) if isinstance(mask, list | tuple) else 0)


def _check_choices(settings: Settings, method: str) -> None:
    for name, value, allowed in (("seed", settings.seed, ("output", "one")),
                                 ("on_uncovered", settings.on_uncovered, ("error", "gradient"))):
        if value not in allowed:
            raise AssayError(f"{name}={value!r}, expected {' or '.join(map(repr, allowed))}")
    if settings.many and settings.masks and settings.masks.many:
        raise AssayError("many targets and many masks were given, expected one of the two",
                         "ask once for each target")
    if method in NO_LAYERS and settings.watched:
        raise AssayError(f"method {method!r} has no relevance at layers: layers and masks do not go with it",
                         "use a method that passes through them, such as lrp or gradient")
    if settings.weights and method not in RULED:
        raise AssayError(f"method {method!r} has no relevance of weights", "use method='lrp'")


def parameter_names(model: nn.Module, globs: Sequence[str] | str) -> list[str]:
    """Return the names of the weights that globs mean: of parameters, or of their modules."""
    import fnmatch

    from assay.core.errors import did_you_mean

    names = [name for name, parameter in parameters_of(model).items() if parameter.ndim > 1]
    found: dict[str, None] = {}
    for glob in globs_of(globs, "weights"):
        matching = [name for name in names if any(fnmatch.fnmatchcase(form, glob) for form in
                                                  (name, name.rpartition(".")[0]))]
        if not matching:
            raise AssayError(f"no weights {glob!r} in the model", did_you_mean(glob, names))
        found.update(dict.fromkeys(matching))
    return list(found)
