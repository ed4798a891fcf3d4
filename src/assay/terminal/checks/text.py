"""What is right for the requests about text: what is printed, and what the files hold afterwards."""

from __future__ import annotations

from assay.terminal.checks.clause import Clauses, must
from assay.terminal.checks.evidence import Evidence, numbers


def exact(run: Evidence, *lines: str) -> bool:
    """Whether stdout is these lines and no other; space at the end of a line does not matter."""
    return [line.rstrip() for line in run.stdout.rstrip().split("\n")] == [line.rstrip() for line in lines]


def count_status(run: Evidence) -> Clauses:
    yield must("3 is the number that is printed", run.counts(3))


def replace_word_below(run: Evidence) -> Clauses:
    yield must("every cat that is a word became dog",
               run.home.text("docs/one.md") == "A dog saw a dog.\ncategory, concat, cats\n")
    yield must("in subfolders and names with spaces too",
               run.home.text("docs/deep/two words.md") == "The dog, the\nCat-like (dog)\n")


def sum_column(run: Evidence) -> Clauses:
    yield must("1195.75 is the number that is printed", run.counts(1195.75))


def most_frequent_words(run: Evidence) -> Clauses:
    words = ("river", "the", "stone", "and", "runs", "stones", "wait", "sings", "by", "so", "a")
    yield must("river, the, stone, in this order",
               [run.named(words, line.lower()) for line in run.lines] == [{"river"}, {"the"}, {"stone"}])
    yield must("each with its count", [numbers(line) for line in run.lines] == [[5], [4], [3]])


def drop_repeated_lines(run: Evidence) -> Clauses:
    yield must("unique.txt has the first of each line, in order", run.home.lines("unique.txt") == [
        "pear", "apple", "apple ", "Pear", "fig", "two words", "banana"])


def lines_between(run: Evidence) -> Clauses:
    yield must("exactly the five lines between are printed",
               exact(run, "first = 1", "APPEND = yes", "", "ENDPOINT = x", "last = 2"))


def two_columns(run: Evidence) -> Clauses:
    yield must("name and age, with a tab between",
               exact(run, "Ada Lovelace\t36", "Alan Turing\t41", "Grace\t85"))


def json_active_emails(run: Evidence) -> Clauses:
    yield must("the addresses of Ada and Dee, and no other", sorted(run.lines) == ["ada@x.example", "dee@x.example"])


def rank_scores(run: Evidence) -> Clauses:
    names = [line.split()[0] for line in run.home.lines("ranked.txt") if line.strip()]
    yield must("ranked.txt is in the order of the numbers", names == ["bob", "fay", "dee", "ann", "eve", "cy"])
    yield must("its lines are those of scores.txt",
               sorted(run.home.lines("ranked.txt")) == sorted(run.home.lines("scores.txt")))


def join_lines(run: Evidence) -> Clauses:
    yield must("one line, with commas between only", run.stdout.rstrip("\n") == "a17,b3,c 9,d,4,e11")


def unix_line_ends(run: Evidence) -> Clauses:
    yield must("report.txt has Unix line endings", run.home.bytes("report.txt") == b"one\ntwo words\n\nlast\n")


def count_addresses(run: Evidence) -> Clauses:
    yield must("4 is the number that is printed", run.counts(4))


def only_in_new(run: Evidence) -> Clauses:
    yield must("exactly the new lines are printed", sorted(run.lines) == ["abc", "app", "banana", "mango"])


def add_header(run: Evidence) -> Clauses:
    yield must("the header comes first, and once, before all other lines",
               run.home.lines("results.csv") == ["id,name,score", "1,ann,9", "2,bob,7", "3,cy,8"])


def todo_or_none(run: Evidence) -> Clauses:
    if run.home.exists("notes2.txt"):
        yield must("none is printed", run.lines == ["none"])
    else:
        number = sum("TODO" in line for line in run.home.lines("notes.txt"))
        yield must(f"{number} is printed, and no line of the file", run.counts(number) and len(run.lines) == 1)
