"""The report as Markdown: the same content, without plots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.app import text

Found = Mapping[str, Any]


def markdown(found: Found) -> str:
    """Return what `assay.app.report.contents` gathered as Markdown."""
    head = (f"# assay report\n\n{found['created']}, {text.count(found['records'], 'record')}, "
            f"{text.count(len(found['models']), 'model')}, {text.count(len(found['benchmarks']), 'benchmark')}, "
            f"assay {found['assay']}")
    parts = [head, *map(_family, found["families"]), *map(_benchmark, found["benchmarks"]), _provenance(found)]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Return a table; a header that starts with ``>`` aligns its column to the right.

    >>> print(table(["a", ">b"], [["x|y", 1]]))
    | a | b |
    |---|---:|
    | x\|y | 1 |
    """
    marks = "|".join("---:" if name.startswith(">") else "---" for name in head)
    return "\n".join([_row([name.lstrip(">") for name in head]), f"|{marks}|", *map(_row, rows)])


def _row(values: Iterable[object]) -> str:
    cells = (" ".join(str("" if value is None else value).split()).replace("|", "\\|") for value in values)
    return f"| {' | '.join(cells)} |"


def _family(family: Found) -> str:
    rows = [[row["rank"] or text.NONE, row["model"], text.score(row["score"]), row["interval"], row["ties"],
             text.percent(row["coverage"]), *(text.score(part and part["score"]) for part in row["parts"])]
            for row in family["rows"]]
    head = [">rank", "model", ">score", "95 %", "tied with", ">covered", *(f">{name}" for name in family["categories"])]
    note = "\n\nA model that covers less than 80 % of the cases is listed and not ranked." if family["unranked"] else ""
    return f"## {family['name']}: leaderboard\n\n{family['headline']}\n\n{table(head, rows)}{note}"


def _benchmark(item: Found) -> str:
    heads = [part for metric in item["metrics"]
             for part in (f">{metric['name']} {metric['unit']}".rstrip(), "95 %")]
    rows = [[row["model"], text.score(row["score"]), row["interval"],
             *(part for value in row["values"] for part in (value["value"], value["interval"])),
             f"{row['ok']}/{row['total']}", ": ".join(filter(None, (row["counts"], row["reason"])))]
            for row in item["rows"]]
    parts = [f"## {item['title']} (`{item['name']}`)", item["description"],
             table(["model", ">score", "95 %", *heads, ">cases", "note"], rows),
             "\n".join(map(_metric, item["metrics"]))]
    if item["failures"]:
        names = ("model", "status", "number", "reason", "cases")
        parts += ["Cases that failed or were skipped:",
                  table(["model", "status", ">number", "reason", "cases"],
                        [[group[name] for name in names] for group in item["failures"]])]
    return "\n\n".join(part for part in parts if part)


def _metric(metric: Found) -> str:
    level = f", against {metric['level']}" if metric["level"] else ""
    weight = ", not in the score" if metric["weight"] == 0 else ""
    tip = f"{metric['tip']}; " if metric["tip"] else ""
    signed = " (magnitude)" if metric["signed"] else ""
    return f"- `{metric['name']}`: {tip}{metric['good']:g} is good, {metric['bad']:g} is bad{signed}{level}{weight}"


def _provenance(found: Found) -> str:
    models = [[model["name"], model["loader"], model["licence"], " ".join(model["digests"]),
               ", ".join(f"{key} {value}" for key, value in model["circumstances"].items() if value),
               model["packages"]] for model in found["models"]]
    sources = [[item["name"], item["version"], item["source"] + (" (changed since)" if item["changed"] else ""),
                item["data"], item["citation"], item["licence"]] for item in found["sources"]]
    return "\n\n".join([
        "## Provenance", table(["model", "loader", "licence", "digest", "ran with", "packages"], models),
        table(["benchmark", ">version", "source", "data", "reference", "licence"], sources)])
