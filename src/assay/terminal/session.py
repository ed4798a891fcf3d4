"""One request at the terminal, from words to a proposal: who is asked, what is kept back, what is logged."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.core.errors import AssayError
from assay.terminal import proposal as proposals
from assay.terminal.choosing import RECIPES, TIMEOUT, VARIABLE, choose
from assay.terminal.notebook import Log
from assay.terminal.redact import Redactor
from assay.terminal.waiting import Waiting

if TYPE_CHECKING:
    from assay.terminal.models import LanguageModel
    from assay.terminal.preview import Preview
    from assay.terminal.proposal import Proposal

ALTERNATIVES = 3  # recipes that are shown
KEPT = 1000  # tokens of piped text that go into the log
FAST = "fast-few-chat"


@dataclass
class Session:
    """A request and what goes with it.

    Parameters
    ----------
    request : str
    note : callable
        Says something that is no result.
    data : str
        Text that was piped in.
    model : str, optional
    offline, fast : bool
    shots : str, optional
        ``few``, ``zero`` or a number of recipes.
    temperature : float, optional
    timeout : float
        Seconds a call.
    recipes : str, optional
        Folder of a checkout of tldr-pages.
    """

    request: str
    note: Callable[[str], object]
    data: str = ""
    model: str | None = None
    offline: bool = False
    fast: bool = False
    shots: str | None = None
    temperature: float | None = None
    timeout: float = TIMEOUT
    recipes: str | None = None
    redactor: Redactor = field(default_factory=Redactor)

    def __post_init__(self) -> None:
        self.log = Log(self.note)
        if self.shots is not None and self.shots not in ("few", "zero") and not self.shots.isdecimal():
            raise AssayError(f"--shots is {self.shots!r}: expected few, zero, or a number of recipes")

    @cached_property
    def chosen(self) -> LanguageModel:
        """The model that is asked."""
        model = choose(self._named, self.offline, self.timeout)
        if model.retired:
            self.note(f"{model.name} is retired: {model.retired}")
        return model

    @property
    def _named(self) -> str | None:
        return self.model or (RECIPES if self.recipes and not self.shots else None)

    @property
    def looks_up(self) -> bool:
        """Whether recipes are looked up; that needs no model, whose registry takes its time to be read."""
        named = self._named or (None if self.offline and VARIABLE not in os.environ else "")
        return named in (None, RECIPES) or self.chosen.wire == RECIPES

    @property
    def asking(self) -> dict[str, Any]:
        """How the model is asked, as `assay.terminal.asking` takes it."""
        return {"variant": FAST if self.fast else None, "shots": self.shots, "data": self.data or None,
                "temperature": self.temperature or 0.0, "recipes": Path(self.recipes) if self.recipes else None}

    def propose(self) -> Proposal:
        """Ask, or look recipes up; keep both in the log.

        Raises
        ------
        AssayError
            Exit code 4 if there is no answer.
        """
        made = self._found() if self.looks_up else self._generated()
        about = made.to_json()
        kept = {key: about[key] for key in ("source", "status", "variant", "via", "usage", "cost_usd", "seconds")}
        risks = [item.risk.level for item in made.items]
        self.log.entry = 0
        self.log.turn("cmd", made.model, self.redactor.redact(made.request), self._asked(),
                      self._texts(made) or made.reason, {**kept, "risk": risks})
        return made

    def revise(self, request: str) -> Proposal:
        """Ask with another request."""
        self.request = request
        return self.propose()

    def executed(self, made: Proposal, **about: Any) -> None:
        """Keep in the log that commands were run."""
        self.log.add("run", self._texts(made), **about)

    def try_out(self, made: Proposal) -> Preview:
        """Run the commands where they can change nothing; of recipes the first."""
        from assay.terminal.execute import script, shell_of
        from assay.terminal.preview import dry_run

        texts = [item.command for item in (made.items[:1] if made.found else made.items)]
        with Waiting("trying it"):
            preview = dry_run(texts[0] if len(texts) == 1 else script(texts, shell_of()[0]))
        preview.command = "\n".join(texts)
        return preview

    def request_body(self) -> tuple[str, dict[str, Any]]:
        """Return where the request would go, and what it would be."""
        from assay.terminal.asking import question

        asked = question(self.chosen, self.request, self.redactor, **self.asking)
        body = self.chosen.request_body(asked.prompt.messages, **asked.sampling)
        return f"{self.chosen.name}, wire {self.chosen.wire}", body

    def _found(self) -> Proposal:
        from assay.terminal.retrieve import search

        started = time.monotonic()
        found = search(self.request, ALTERNATIVES, Path(self.recipes) if self.recipes else None)
        return proposals.from_recipes(self.request, found, time.monotonic() - started)

    def _generated(self) -> Proposal:
        from assay.terminal.asking import ask
        from assay.terminal.wire.errors import ProviderError, told

        with Waiting(f"asking {self.chosen.name}"):
            try:
                asked = ask(self.chosen, self.request, redactor=self.redactor, **self.asking)
            except ProviderError as error:
                raise told(error, self.chosen) from error
            finally:
                self.chosen.close()
        return proposals.from_model(self.request, asked)

    def _asked(self) -> str:
        from assay.terminal import trim

        request = self.redactor.redact(self.request)
        if not self.data:
            return request
        return f"{request}\n\n{trim.shorten(self.redactor.redact(self.data), KEPT)}"

    def _texts(self, made: Proposal) -> str:
        return self.redactor.redact("\n".join(item.command for item in made.items))
