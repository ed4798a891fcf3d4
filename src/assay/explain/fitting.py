"""The training loop: seeded, with a fixed number of threads, so that the same recipe gives the same weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from assay.explain.models.architectures import build, initialise
from assay.explain.muon import Muon
from assay.explain.recipes import Phase, Recipe
from assay.explain.samples import Samples

# Sums of floats depend on how they are split: always as many threads, whatever the machine has. One, because two that
# wait for each other in every small operation take 20 times as long as soon as something else runs beside them.
THREADS = 1
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "classes": F.cross_entropy, "labels": F.binary_cross_entropy_with_logits, "targets": F.mse_loss}

Say = Callable[[str], None]


def fit(recipe: Recipe, train: Samples, say: Say) -> nn.Module:
    """Return the network that the recipe makes of the training samples, in evaluation mode.

    Parameters
    ----------
    recipe : Recipe
    train : Samples
    say : callable
        Told how far it is.
    """
    with _reproducible(recipe.seed):
        answers = train.answers[recipe.phases[0].task]
        model = build(recipe.arch, _outputs(answers), recipe.seed, **recipe.options)
        model.to(memory_format=torch.channels_last)
        inputs = _normalised(recipe, train.inputs)
        for phase in recipe.phases:
            answers = train.answers[phase.task]
            _give_head(model, _outputs(answers))
            _run(model, phase, recipe, inputs, answers, say)
        return model.to(memory_format=torch.contiguous_format).eval()


def score(recipe: Recipe, model: nn.Module, test: Samples) -> dict[str, float]:
    """Return the scores on the test samples: ``accuracy``, or the coefficient of determination of each output."""
    inputs = _normalised(recipe, test.inputs)
    with torch.no_grad():
        found = torch.cat([model(part) for part in inputs.split(200)])
    if recipe.phases[-1].task == "classes":
        return {"accuracy": float((found.argmax(1) == test.answers["classes"]).double().mean())}
    wanted = test.answers["targets"]
    left = ((found - wanted) ** 2).mean(0) / wanted.var(0, correction=0)
    return dict(zip(recipe.outputs, (1 - left).tolist(), strict=True))


def _run(model: nn.Module, phase: Phase, recipe: Recipe, inputs: Tensor, answers: Tensor, say: Say) -> None:
    rounds = len(inputs) // recipe.batch
    optimisers = _optimisers(model, phase, recipe.decay)
    schedules = [torch.optim.lr_scheduler.OneCycleLR(each, each.defaults["lr"], total_steps=phase.epochs * rounds,
                                                     pct_start=0.2, cycle_momentum=False) for each in optimisers]
    scale = answers.std(0) if phase.task == "targets" else 1.0
    loss_of = LOSSES[phase.task]
    model.train()
    for epoch in range(phase.epochs):
        total = 0.0
        for chosen in torch.randperm(len(inputs))[:rounds * recipe.batch].split(recipe.batch):
            batch = _turned(inputs[chosen]) if recipe.turned else inputs[chosen]
            found = model(batch.contiguous(memory_format=torch.channels_last))
            loss = loss_of(found / scale, answers[chosen] / scale if phase.task == "targets" else answers[chosen])
            model.zero_grad()
            loss.backward()
            for stepping in (*optimisers, *schedules):
                stepping.step()
            total += loss.item()
        say(f"{phase.task}, epoch {epoch + 1} of {phase.epochs}: loss {total / rounds:.4f}")
    model.eval()


def _optimisers(model: nn.Module, phase: Phase, decay: float) -> list[torch.optim.Optimizer]:
    trained = {name: value for name, value in model.named_parameters() if name.startswith(phase.only)}
    blocks = {name: value for name, value in trained.items()
              if phase.blocks and name.startswith("encoder.layers.") and value.ndim == 2}
    rest = [value for name, value in trained.items() if name not in blocks]
    found: list[torch.optim.Optimizer] = [torch.optim.AdamW(rest, lr=phase.rate, weight_decay=decay)]
    if blocks:
        found.append(Muon(blocks.values(), phase.blocks, decay))
    return found


def _turned(images: Tensor) -> Tensor:
    """Return the batch in one of the eight ways to lay a square on itself."""
    way = int(torch.randint(8, ()))
    images = images.flip(-1) if way & 1 else images
    images = images.flip(-2) if way & 2 else images
    return images.transpose(-1, -2) if way & 4 else images


def _give_head(model: nn.Module, outputs: int) -> None:
    """Put a new last dense layer on a network whose present one has another number of outputs."""
    path, last = [(name, part) for name, part in model.named_modules() if isinstance(part, nn.Linear)][-1]
    if last.out_features != outputs:
        head = nn.Linear(last.in_features, outputs)
        initialise(head)
        parent, _, name = path.rpartition(".")
        setattr(model.get_submodule(parent), name, head)


def _outputs(answers: Tensor) -> int:
    return answers.shape[1] if answers.ndim == 2 else int(answers.max()) + 1


def _normalised(recipe: Recipe, inputs: Tensor) -> Tensor:
    mean, std = (torch.tensor(values).reshape(-1, *[1] * (inputs.ndim - 2)) for values in (recipe.mean, recipe.std))
    return (inputs - mean) / std


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Train with fixed threads and a generator of its own; both are as before afterwards."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        torch.set_num_threads(THREADS)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
