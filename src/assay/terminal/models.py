"""Language models: found by a registry name, an alias or ``WIRE:ID``, and asked the same way whoever serves them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assay.core import config
from assay.core.errors import NOTHING, AssayError, did_you_mean
from assay.core.model import WEIGHTS, Model, read_toml
from assay.core.registry import registry
from assay.terminal import keys
from assay.terminal.wire.addresses import is_loopback
from assay.terminal.wire.connecting import WIRES, connect, place
from assay.terminal.wire.habits import Habits
from assay.terminal.wire.types import Client, Delta, Message, Reply, Request, Usage

FAMILY, LOADER = "terminal", "assay.terminal.models:load"
SHIPPED = Path(__file__).with_name("models.toml")
KINDS, JSON = ("instruct", "base"), ("schema", "object", "none")
TIMEOUT = 60.0  # s a call
MILLION = 1e6


@dataclass(eq=False)
class LanguageModel:
    """A language model, ready to be asked; nothing is opened or loaded before the first question.

    Parameters
    ----------
    name : str
        As the user calls it: a registry name or ``WIRE:ID``.
    wire, id : str
        How it is spoken to, and what its provider calls it.
    base_url, key_env : optional
        Of its own provider; default: the wire's.
    kind : str
        ``instruct`` (takes turns) or ``base`` (goes on with a text).
    context : int
        Tokens that question and answer may have together.
    json : str
        How the shape of an answer can be asked for: ``schema``, ``object`` or ``none``.
    price_in, price_out : float, optional
        US dollars for a million tokens, as of `price_date`.
    retired : str
        Why it is not to be used any more, and what to use instead; empty for models in service.
    variant : str, optional
        Of the prompt, where the model has a favourite.
    habits : Habits
        What it wants otherwise than its wire's usual.
    repeats : int
        How often an evaluation asks it each request.
    timeout : float
        Seconds for a call.
    """

    name: str
    wire: str
    id: str
    base_url: str | None = None
    key_env: Sequence[str] | None = None
    kind: str = "instruct"
    context: int = 8192
    json: str = "schema"
    price_in: float | None = None
    price_out: float | None = None
    price_date: str | None = None
    retired: str = ""
    variant: str | None = None
    habits: Habits = field(default_factory=Habits)
    repeats: int = 1
    timeout: float = TIMEOUT
    entry: Model | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._past_calls = 0

    def complete(self, messages: Sequence[Message], *, temperature: float | None = 0.0, max_tokens: int = 1024,
                 stop: Sequence[str] = (), schema: Mapping[str, Any] | None = None) -> Reply:
        """Ask, wait for the whole answer.

        Raises
        ------
        ProviderError
        """
        return self.client().complete(self._located(self.request(messages, temperature, max_tokens, stop, schema)))

    def stream(self, messages: Sequence[Message], *, temperature: float | None = 0.0, max_tokens: int = 1024,
               stop: Sequence[str] = (), schema: Mapping[str, Any] | None = None) -> Iterator[Delta]:
        """Ask, yield the answer as it comes; the last piece carries the whole reply.

        Raises
        ------
        ProviderError
        """
        return self.client().stream(self._located(self.request(messages, temperature, max_tokens, stop, schema)))

    def request_body(self, messages: Sequence[Message], *, temperature: float | None = 0.0, max_tokens: int = 1024,
                     stop: Sequence[str] = (), schema: Mapping[str, Any] | None = None,
                     stream: bool = False) -> dict[str, Any]:
        """Return what would be sent; nothing is."""
        return self.client().body(self.request(messages, temperature, max_tokens, stop, schema), stream)

    def request(self, messages: Sequence[Message], temperature: float | None = 0.0, max_tokens: int = 1024,
                stop: Sequence[str] = (), schema: Mapping[str, Any] | None = None) -> Request:
        """Return the question as its wire takes it; a model that is asked for no shape gets no schema."""
        return Request(self.id, list(messages), temperature, max_tokens, tuple(stop),
                       None if self.json == "none" else schema)

    def _located(self, request: Request) -> Request:
        """Put the path of the weights in, fetching them at the first question, where the model is a file."""
        if request.model != WEIGHTS or self.entry is None:
            return request
        from assay.flow import weights

        self.id = str(weights.locate(self.entry))
        return replace(request, model=self.id)

    @property
    def calls(self) -> int:
        """Requests sent so far, tries included."""
        return self._past_calls + (self._client.calls if self._client else 0)

    def cost(self, usage: Usage) -> float | None:
        """Return the price of an answer in US dollars; None without a price or a count."""
        parts = ((self.price_in, usage.input_tokens), (self.price_out, usage.output_tokens))
        if any(price is None or tokens is None for price, tokens in parts):
            return None
        return sum(float(price or 0) * (tokens or 0) for price, tokens in parts) / MILLION

    def client(self) -> Client:
        """Return the wire's client, made at first use."""
        with self._lock:
            if self._client is None:
                self._client = connect(self.wire, self.base_url, timeout=self.timeout, key_env=self.key_env,
                                       habits=self.habits, kind=self.kind, context=self.context)
            return self._client

    def close(self) -> None:
        """Let go of connections and memory; a later question takes them up again."""
        with self._lock:
            client, self._client = self._client, None
            self._past_calls += client.calls if client else 0
        if client is not None:
            client.close()


def find(name: str, timeout: float = TIMEOUT) -> LanguageModel:
    """Return a language model.

    Parameters
    ----------
    name : str
        A registry name, an alias, or ``WIRE:ID`` with any id of that wire's provider.
    timeout : float
        Seconds for a call.

    Raises
    ------
    AssayError
        Exit code 5, with near names, if there is none; 2 if its entry is wrong.
    """
    entry = _entry(name)
    wire, colon, id_ = name.partition(":")
    if entry is not None:
        model = wrap(entry.load(), entry)
    elif colon and wire in WIRES and id_:
        model = _any(wire, id_)
    else:
        raise AssayError(f"no language model named {name!r}", _hint(name), NOTHING)
    model.timeout = timeout
    return model


def load(device: str = "cpu", wire: str = "", model: str = "", aliases: Sequence[str] = (),
         room: int = 0, drop: Sequence[str] = (), rename: Mapping[str, str] | None = None,
         extra: Mapping[str, Any] | None = None, **options: Any) -> LanguageModel:
    """Return the model of a registry entry: its loader.

    Parameters
    ----------
    device : str
        Not used: whoever serves the model decides.
    wire, model : str
        `LanguageModel.wire` and `LanguageModel.id`.
    aliases : sequence of str
        Other names; only `find` uses them.
    room, drop, rename, extra
        `Habits`.
    **options
        Fields of `LanguageModel`: base_url, key_env, kind, context, json, price_in, price_out, price_date, retired,
        variant, repeats.

    Raises
    ------
    AssayError
        If an option is unknown or has a value that it cannot have.
    """
    where = f"language model {wire}:{model}"
    unknown = sorted(set(options) - OPTIONS)
    if unknown:
        raise AssayError(f"{where}: unknown option {unknown[0]!r}", did_you_mean(unknown[0], OPTIONS))
    if not model and wire != "recipes":
        raise AssayError(f"{where}: the option model is missing: expected the id that the provider uses")
    for what, value, known in (("wire", wire, WIRES), ("kind", options.get("kind", KINDS[0]), KINDS),
                               ("json", options.get("json", JSON[0]), JSON)):
        if value not in known:
            raise AssayError(f"{where}: {what} is {value!r}: expected one of {', '.join(known)}")
    kind = options.setdefault("kind", "base" if wire == "completions" else "instruct")
    shape = options.setdefault("json", "none" if kind == "base" else "schema")
    habits = Habits(shape, room, tuple(drop), dict(rename or {}), dict(extra or {}))
    return LanguageModel(f"{wire}:{model}", wire, model, habits=habits, **options)


OPTIONS = {"base_url", "key_env", "kind", "context", "json", "price_in", "price_out", "price_date", "retired",
           "variant", "repeats"}
# What an entry may also say in `meta`, where a change does not make it another model.
ABOUT = ("price_in", "price_out", "price_date", "retired")


def wrap(loaded: LanguageModel, model: Model) -> LanguageModel:
    """Give a loaded model its registry name, and what its entry tells besides."""
    loaded.name, loaded.entry = model.name, model
    for name in ABOUT:
        if name in model.meta:
            setattr(loaded, name, model.meta[name])
    return loaded


def unavailable(model: Model) -> str | None:
    """Return why a registered model cannot be asked here: it is retired, or there is no key; opens no socket."""
    if retired := model.meta.get("retired") or model.options.get("retired"):
        return f"retired: {retired}"
    try:
        host, names = place(str(model.options.get("wire")), model.options.get("base_url"),
                            model.options.get("key_env"))
        missing = bool(names) and not is_loopback(host) and keys.find(names) is None
    except AssayError as error:
        return error.message
    return f"no key: {keys.advice(names)}" if missing else None


def entries() -> dict[str, Model]:
    """Return the registered language models by name, every alias beside them."""
    found = {**(registry.models if registry.loaded else {}), **_quick()}
    models = {name: model for name, model in found.items() if model.loader == LOADER}
    return {**{alias: model for model in models.values() for alias in aliases(model)}, **models}


def aliases(model: Model) -> list[str]:
    """Return an entry's other names."""
    return [*model.meta.get("aliases", []), *model.options.get("aliases", [])]


def key_names() -> list[str]:
    """Return the names of keys that registered models want."""
    return sorted({name for model in entries().values() for name in model.options.get("key_env", [])})


def _quick() -> dict[str, Model]:
    """Return the shipped entries and the user's, without importing every plugin for it."""
    return {model.name: model for path in (*config.user_files(), SHIPPED) for model in read_toml(path)[0]}


def _entry(name: str) -> Model | None:
    found = entries().get(name)
    if found is None and ":" not in name and not registry.loaded:
        registry.load()
        found = entries().get(name)
    return found


def _any(wire: str, id_: str) -> LanguageModel:
    """Return a model without an entry; one that is the same at the same provider tells how it wants to be asked."""
    for entry in entries().values():
        if entry.options.get("wire") == wire and entry.options.get("model") == id_ and "base_url" not in entry.options:
            model = wrap(entry.load(), entry)
            model.name = f"{wire}:{id_}"
            return model
    return load(wire=wire, model=id_)


def _hint(name: str) -> str:
    wire, colon, _ = name.partition(":")
    if colon and wire not in WIRES:
        return f"before the colon stands a wire: one of {', '.join(WIRES)}"
    near = did_you_mean(name, entries())
    return f"{near} See assay list models, or give WIRE:ID, as openai:gpt-4o" if near else \
        "see assay list models, or give WIRE:ID, as openai:gpt-4o"
