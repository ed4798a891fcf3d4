"""Finding recipes for a request: full-text search (SQLite FTS5, bm25, Porter stems) in an index that is made once."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.core import config
from assay.core.files import replacing
from assay.terminal import recipebook, tldr, values, vocabulary, words
from assay.terminal.recipebook import Recipe
from assay.terminal.slots import Filling, fill

VERSION = 2  # of the index's form
LOOKED_AT = 60  # phrasings that bm25 puts first and that are looked at closer
LEAST = 0.35  # score below which a recipe has nothing to do with the request
RARE = 8  # a word of no recipe weighs as much as one that stands at so many places
COMMON = 6  # a word at so many places is hardly a name
HINT = 0.85  # what a score is worth that a file's ending does not fit
GUESSED = 0.5  # what a word still asks for that was taken for a name because no recipe has it
SAYS_LITTLE = 0.5  # what a word is worth that is in every other request
ONE_WORD = 0.5  # what it is worth where one common word is all that the two have in common
UNASKED = 0.85  # what it is worth where the recipe deletes or ends something and the request has no word of it
UNPLACED = 0.85  # what it is worth for each value of the request that has no slot
UNFILLED = 0.8  # what it is worth where a slot has no value
ELSEWHERE = 0.4  # what a word is worth that stands not in the phrasing but in what else is said of the recipe
TABLES = """
create virtual table phrase using fts5(words, about, tokenize = 'porter unicode61');
create table entry(id integer primary key, task text, weight real, recipe int);
create table recipe(id integer primary key, data text);
"""


@dataclass(frozen=True)
class Found:
    """A recipe that may be what was asked for.

    Parameters
    ----------
    task : str
        The phrasing that is nearest.
    command : str
        With ``{slots}``.
    explanation : str
    score : float
        0 to 1: how well request and phrasing cover each other, rare words counting more.
    recipe_id : str
    slots : tuple of str
    filled : Filling or None
        The command with the request's values in it, where every slot has one.
    credit : str
        Where the recipe is from, if it is not ours.
    """

    task: str
    command: str
    explanation: str
    score: float
    recipe_id: str
    slots: tuple[str, ...]
    filled: Filling | None = None
    credit: str = ""


def search(text: str, k: int = 3, folder: Path | None = None) -> list[Found]:
    """Return up to `k` recipes, the best first; none where nothing is near.

    Parameters
    ----------
    text : str
        A request in plain words.
    k : int
    folder : path, optional
        A checkout of tldr-pages to search instead of the recipes that ship.

    Raises
    ------
    AssayError
        Exit code 3 if the folder holds no pages.
    """
    asked = words.of_request(text)
    if not asked or k < 1:
        return []
    with _Index(index_of(folder)) as index:
        found = index.near(text, asked)
    return [item for item in found if item.score >= LEAST][:k]


@dataclass(frozen=True)
class _Met:
    """How many phrasings, or what else is said of their recipes, have a word; and what that is worth for some."""

    count: int
    places: dict[int, float]


class _Index:
    """An open index."""

    def __init__(self, path: Path) -> None:
        self.database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        (self.size,) = self.database.execute("select count(*) from entry").fetchone()

    def __enter__(self) -> _Index:
        return self

    def __exit__(self, *error: object) -> None:
        self.database.close()

    def near(self, text: str, asked: Sequence[str]) -> list[Found]:
        """Return recipes by score; of the phrasings of a recipe the best one counts."""
        first = self._first(asked)
        met = {word: self._word(word, [row[0] for row in first]) for word in (*asked, *words.hints(text))}
        weights = {word: _weight(word, self.size, met[word].count) for word in asked}
        common = {word for word in asked if met[word].count >= COMMON}
        unknown = {word for word in asked if not met[word].count}
        best: dict[int, Found] = {}
        filled: dict[int, tuple[Recipe, Filling | None]] = {}
        for rowid, own, task, weight, number, data in first:
            if number not in filled:
                recipe = Recipe.from_json(json.loads(data))
                filled[number] = recipe, fill(recipe, text, common, unknown)
            recipe, filling = filled[number]
            score = _score(rowid, weight, weights, met, filling)
            if vocabulary.these("grave") & set(own.split()) - set(asked):
                score *= UNASKED
            if number not in best or score > best[number].score:
                best[number] = Found(task, recipe.shown, recipe.explanation, round(score, 4), recipe.id, recipe.slots,
                                     filling, recipe.credit)
        return sorted(best.values(), key=lambda found: (-found.score, -(found.filled.named if found.filled else 0)))

    def _word(self, word: str, rows: Sequence[int]) -> _Met:
        """Return how many phrasings have the word, and which of some."""
        (count,) = self.database.execute("select count(*) from phrase where phrase match ?", (f'"{word}"',)).fetchone()
        query = f"select rowid from phrase where phrase match ? and rowid in ({','.join(map(str, rows))})"
        own, about = ([row for (row,) in self.database.execute(query, (f'{column} : "{word}"',))] if count else []
                      for column in ("words", "about"))
        return _Met(int(count), dict.fromkeys(about, ELSEWHERE) | dict.fromkeys(own, 1.0))

    def _first(self, asked: Sequence[str]) -> list[tuple[int, str, str, float, int, str]]:
        return list(self.database.execute(
            "select entry.id, hit.words, entry.task, entry.weight, entry.recipe, recipe.data from "
            "(select rowid, words, bm25(phrase, 3.0, 1.0) as rank from phrase where phrase match ? order by rank"
            " limit ?) as hit join entry on entry.id = hit.rowid join recipe on recipe.id = entry.recipe "
            "order by hit.rank",
            (" OR ".join(f'"{word}"' for word in asked), LOOKED_AT)))


def _score(rowid: int, weight: float, weights: dict[str, float], words_met: dict[str, _Met],
           filling: Filling | None) -> float:
    """Return how well a request and a phrasing cover each other.

    Words that became values are no longer looked for; a value without a slot, or a slot without a value, costs.
    """
    spent = {word: 0.0 for text in (filling.words if filling else ()) for word in words.plain(text)}
    spent |= {word: GUESSED for text in (filling.guessed if filling else ()) for word in words.plain(text)}
    asked = {word: worth * spent.get(word, 1.0) for word, worth in weights.items() if spent.get(word, 1.0)}
    met = {word: words_met[word].places.get(rowid, 0.0) for word in asked}
    request = sum(worth * met[word] for word, worth in asked.items()) / (sum(asked.values()) or 1.0)
    phrasing = min(1.0, sum(asked[word] for word, part in met.items() if part == 1.0) / weight) if weight else 0.0
    cover = 0.65 * request + 0.35 * phrasing
    telling = sum(1 if words_met[word].count > COMMON else 2 for word, part in met.items() if part)
    if telling + (filling.named - len(filling.words) if filling else 0) < 2:
        cover *= ONE_WORD
    hints = [rowid in found.places for word, found in words_met.items() if word not in weights]
    fits = HINT if hints and not any(hints) else 1.0
    return cover * fits * (UNPLACED ** len(filling.left) if filling else UNFILLED)


def _weight(word: str, size: int, count: int) -> float:
    """Return how much a word tells that stands in `count` of `size` phrasings."""
    return math.log(1 + size / (count or RARE)) * (SAYS_LITTLE if word in vocabulary.these("little") else 1.0)


def index_of(folder: Path | None = None) -> Path:
    """Return the index file of the recipes that ship, or of a checkout; it is made where it is missing or old."""
    made_from = tldr.signature(folder) if folder else hashlib.sha256(recipebook.FILE.read_bytes()).hexdigest()
    name = hashlib.sha256(f"{VERSION} {_code()} {made_from}".encode()).hexdigest()[:20]
    path = config.cache() / "terminal" / f"recipes-{name}.sqlite"
    if not path.exists():
        with replacing(path) as stream:
            stream.write(_index(tldr.read(folder) if folder else recipebook.recipes()))
    return path


@functools.cache
def _code() -> str:
    """Hash of what turns recipes into words: with other code it is another index."""
    files = [vocabulary.FILE] + [Path(module.__file__ or "") for module in (recipebook, tldr, values, words)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _index(recipes: Iterable[Recipe]) -> bytes:
    database = sqlite3.connect(":memory:")
    database.executescript(TABLES)
    recipes = list(recipes)
    phrasings = [words.of_task(task) for recipe in recipes for task in recipe.tasks]
    counts = Counter(word for own in phrasings for word in own)
    for number, recipe in enumerate(recipes):
        database.execute("insert into recipe values (?, ?)", (number, json.dumps(recipe.to_json())))
        for task in recipe.tasks:
            own = words.of_task(task)
            about = [words.of_task(other) for other in recipe.tasks if other != task]
            about += [words.plain(recipe.explanation), words.of_task(recipe.command)]
            elsewhere = dict.fromkeys(word for part in about for word in part)
            row = database.execute("insert into phrase values (?, ?)", (" ".join(own), " ".join(elsewhere))).lastrowid
            weight = sum(_weight(word, len(phrasings), counts[word]) for word in own)
            database.execute("insert into entry values (?, ?, ?, ?)", (row, task, weight, number))
    database.commit()
    database.execute("insert into phrase(phrase) values ('optimize')")
    database.commit()
    return database.serialize()
