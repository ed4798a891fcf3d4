"""From a variant, a request and a context to a prompt; nothing is read but the components."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from assay.terminal.answer import Mode
from assay.terminal.context import Context
from assay.terminal.prompts.components import Example, Variant, component, digest, examples_for, filled
from assay.terminal.prompts.prompt import Prompt
from assay.terminal.prompts.schema import SCHEMAS


def render(variant: str, request: str, context: Context, *, model_kind: str = "instruct",
           examples: Iterable[Example] | None = None, data: str | None = None, fence: str = "") -> Prompt:
    """Put a prompt together; the same arguments always give the same prompt.

    Parameters
    ----------
    variant : str
        One of `VARIANTS`. A base model gets the transcript, whichever style the name says.
    request : str
        Stands in the last turn of the user as it is.
    context : Context
    model_kind : {"instruct", "base"}
    examples : iterable of Example, optional
        Where the variant says "retrieved": what to show after a refusal.
    data : str, optional
        Text from outside, put behind the request and between two lines `fence`.
    fence : str
        A word that nobody can foresee; by default one made from the request and the data.

    Raises
    ------
    AssayError
        Exit code 5 if there is no such variant.
    """
    chosen = Variant.named(variant)
    if model_kind == "base":
        chosen = Variant(chosen.mode, chosen.shots, "completion")
    shown = examples_for(context.platform, chosen.shots)
    if chosen.shots == "retrieved":
        shown += list(examples or ())
    turns = [{"role": "system", "content": _system(chosen, context)}]
    for example in shown:
        turns += _turns(example, chosen.mode, context)
    last = _turn(request, context)
    if data is not None:
        fence = fence or hashlib.sha256(f"{request}\0{data}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
        last += "\n\n" + filled(component("context")["data"], fence=fence, data=data)
    turns.append({"role": "user", "content": last})
    return Prompt(chosen, tuple(turns), digest(chosen.name), SCHEMAS[chosen.mode] if chosen.style == "chat" else None)


def _system(variant: Variant, context: Context) -> str:
    texts = (component("persona")[variant.style], component("objective")["text"], component("context")["text"],
             component("reasoning")[variant.mode]["text"], component("format")[variant.mode]["text"])
    return "\n\n".join(filled(text, platform=context.platform, machine=context.machine, shell=context.shell,
                              now=context.now) for text in texts)


def _turn(request: str, context: Context) -> str:
    return filled(component("context")["turn"], request=request, platform=context.platform)


def _turns(example: Example, mode: Mode, context: Context) -> list[dict[str, str]]:
    answer = json.dumps(example.answer(mode), ensure_ascii=False)
    return [{"role": "user", "content": _turn(example.request, context)}, {"role": "assistant", "content": answer}]
