"""The table of OWASP's requirements (tests/security/asvs.md): what it names is there, and it counts itself. What the documents
beside it name is there too."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = "tests/security/asvs.md"
OTHERS = ["tests/security/data.md", "tests/security/threats.md"]
STATES = ["met", "partly", "gap", "n/a"]
DEFINITIONS = {
    ".c": r"^[A-Za-z_][\w *]*\b{}\((?!.*;$)", ".h": r"\b{}\(", ".sql": r"^create (?:or replace )?function [\w.]*\b{}\(",
}
PYTHON = r"^\s*def {}\("


def fault_of(path, names):
    """What is wrong with `path` or with `path: name, name`; None when both are there."""
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", path) or not (ROOT / path).is_file():
        return f"there is no file {path}"
    text = (ROOT / path).read_text(encoding="utf-8") if names else ""
    definition = DEFINITIONS.get(pathlib.Path(path).suffix, PYTHON)
    for name in names:
        if not re.search(definition.format(re.escape(name)), text, re.M):
            return f"{path} has no function {name}"
        # A C test that its program's list leaves out never runs.
        if re.fullmatch(r"tests/(unit|store|http)/\w+\.c", path) and len(re.findall(rf"\b{re.escape(name)}\b", text)) < 2:
            return f"{path} does not run {name}"
    return None


def references(cell):
    """(path, names) of each `…` that is a path: a URL's path begins with a slash, other words have none."""
    for word in re.findall(r"`([^`]*)`", cell):
        path, _, names = word.partition(": ")
        if "/" in path and not path.startswith("/") or (ROOT / path).is_file():
            yield path, [n.strip() for n in names.split(",")] if names else []


def check_row(cells, chapter):
    """Everything that is wrong with a row."""
    if len(cells) != 4 or not all(cells):
        yield "a row has a number, what is asked for, a state, and why"
        return
    number, _asked, state, why = cells
    if number.split(".")[0] != chapter:
        yield f"{number} stands in chapter V{chapter}"
    if state not in STATES:
        yield f"{number}: {state} is no state"
    found = list(references(why))
    if state == "met" and not found:
        yield f"{number} is met by nothing"
    for path, names in found:
        fault = fault_of(path, names)
        if fault:
            yield f"{number}: {fault}"


def check_others(say):
    for path in OTHERS:
        for line, text in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            for reference, names in references(text):
                fault = fault_of(reference, names)
                if fault:
                    say(path, line, fault)


def check(say):
    check_others(say)
    chapter, seen, told = "", {}, {}
    counts = dict.fromkeys(STATES, 0)
    for line, text in enumerate((ROOT / TABLE).read_text(encoding="utf-8").splitlines(), 1):
        heading = re.match(r"## V(\d+) ", text)
        chapter = heading[1] if heading else chapter
        cells = [c.strip() for c in text.split("|")[1:-1]]
        summary = re.fullmatch(r"\| `([\w/]+)` \| (\d+) \|", text)
        if summary:
            told[summary[1]] = int(summary[2])
        if not cells or not re.fullmatch(r"\d+\.\d+\.\d+", cells[0]):
            continue
        for fault in check_row(cells, chapter):
            say(TABLE, line, fault)
        if cells[0] in seen:
            say(TABLE, line, f"{cells[0]} is there twice, first in line {seen[cells[0]]}")
        seen.setdefault(cells[0], line)
        if len(cells) > 2 and cells[2] in counts:
            counts[cells[2]] += 1
    if told != counts:
        say(TABLE, 1, f"the counts are {', '.join(f'{s} {n}' for s, n in counts.items())}")
