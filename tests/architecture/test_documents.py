"""What the documents name is there: files, functions, floors, settings."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from app.infra.config import Settings
from tests.architecture.sources import ROOT, dotted, python_files, tracked_files

README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
DOCUMENTS = [path for path in tracked_files() if path.suffix == ".md"]

#: `app/room/file.py:function`, `….py:Class.method`, `….sql:schema.function`.
PLACE = re.compile(r"`([\w./-]+\.(?:py|sql)):([\w.]+)`")
FILE = re.compile(r"`((?:app|tasks|embedded|sandbox|demo|migrations|tests|docs)/[\w./-]*|[\w-]+\.(?:py|toml))`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]+)?\)")
MAKE = re.compile(r"(?:`(?:[A-Z]+=\S+ )?|^)make ([a-z]+)(?=`| [A-Z]+=| +#)", re.MULTILINE)
ANCHOR = re.compile(r"\]\((?!https?:)([^)#]*)#([^)]+)\)")


def named(pattern: re.Pattern[str]) -> list[tuple[str, ...]]:
    return [
        (str(path), *(found if isinstance(found, tuple) else (found,)))
        for path in DOCUMENTS
        for found in pattern.findall((ROOT / path).read_text())
    ]


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return what a file defines, methods by their class."""
    text = path.read_text()
    if path.suffix != ".py":
        return frozenset(re.findall(r"CREATE (?:OR REPLACE )?FUNCTION ([\w.]+)", text))
    found = set()
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
        if isinstance(node, ast.ClassDef):
            found.update(f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef))
    return frozenset(found)


def is_there(path: str, name: str) -> bool:
    return (ROOT / path).is_file() and name in names_in(ROOT / path)


def test_the_places_whose_every_branch_is_tested_are_there():
    """A place that moved would silently be asked for nothing (`make coverage`)."""
    whole = re.findall(r"^WHOLE := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split(",")
    assert len(whole) >= 5
    assert [place for place in whole if not list(ROOT.glob(f"{place}.py"))] == []


def test_every_function_that_is_named_is_there():
    places = named(PLACE)
    assert len(places) > 50
    assert not [f"{document}: {path}:{name}" for document, path, name in places if not is_there(path, name)]


def test_every_file_that_is_named_is_there():
    assert not [f"{document}: {path}" for document, path in named(FILE) if not (ROOT / path).exists()]


def test_every_link_leads_somewhere():
    links = named(LINK)
    assert links
    targets = [(document, (ROOT / document).parent.joinpath(to).resolve()) for document, to in links]
    assert not [f"{document}: {target}" for document, target in targets if not target.exists()]


def test_every_make_command_that_is_named_is_there():
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = named(MAKE)
    assert commands
    assert not [f"{document}: make {target}" for document, target in commands if target not in targets]


def headings(document: Path) -> set[str]:
    """Return the names under which GitHub makes a page's headings known."""
    titles = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_into_a_page_leads_to_a_heading():
    links = named(ANCHOR)
    assert links
    targets = [((ROOT / page).parent / to if to else ROOT / page, heading) for page, to, heading in links]
    assert not [f"{target}#{heading}" for target, heading in targets if heading not in headings(target)]


@pytest.mark.parametrize(
    "place", [("app/booking/service/book.py", "sell"), ("app/booking/service/cook.py", "book"), ("README.md", "Amana")]
)
def test_what_is_not_there_is_found_out(place):
    assert not is_there(*place)


def test_the_picture_of_the_house_shows_the_floors_of_the_contract():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    floors = [{name.strip(" ()") for name in layer.split("|")} for layer in contract["layers"]]
    picture = ARCHITECTURE.partition("│ app/\n")[2].partition("───")[0]
    shown = [re.split(r"\s{2,}", line.partition("│")[2].strip())[0].split(" · ") for line in picture.splitlines()]
    assert [set(floor) for floor in shown] == floors
    assert set().union(*floors) <= {path.stem for path in (ROOT / "app").iterdir()}


def rows(text: str, columns: int) -> dict[str, list[str]]:
    """Return the rows of tables with so many columns whose first cell is a variable."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:3] == "| `"]
    return {row[0].strip("`"): row[1:] for row in cells if len(row) == columns and re.fullmatch("`[A-Z0-9_]+`", row[0])}


def stated(field) -> str:
    """Return the default of a setting as the table must have it."""
    secret = ", secret" if field.metadata["secret"] else ""
    if field.metadata["required"]:
        return f"required{secret}"
    default = ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)
    return f"`{default}`{secret}" if default else f"empty{secret}"


def test_the_table_of_settings_has_every_setting_with_its_default():
    shown = {variable: row[0] for variable, row in rows(README, 3).items()}
    assert shown == {field.metadata["variable"]: stated(field) for field in fields(Settings)}


def test_every_setting_is_read():
    """`config.py` itself is left out: it checks what others use."""
    read = {
        node.attr
        for source in python_files()
        if source.below("app", "tasks", "celeryconfig.py") and str(source.path) != "app/infra/config.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
    } | {"environment"}
    assert [field.metadata["variable"] for field in fields(Settings) if field.name not in read] == []


def test_what_is_read_elsewhere_is_read_there():
    for variable, (_, reader, _) in rows(README, 4).items():
        path = ROOT / reader.strip("`")
        read = rf"""['"]{variable}['"]""" if path.suffix == ".py" else rf"\$\{{{variable}:\?\}}"
        assert re.search(read, path.read_text()), variable


def test_every_variable_that_is_read_by_its_name_is_documented():
    """`os.environ["X"]`, `os.environ.get("X")`, and the reader of gunicorn.conf.py."""
    documented = rows(README, 3).keys() | rows(README, 4).keys()
    for source in python_files():
        if source.below("app", "tasks", "migrations", "embedded", "demo", "gunicorn.conf.py"):
            for node in ast.walk(source.tree):
                assert variable_read(node) in documented | NOT_OURS, source.at(node, "is in no table of README.md")


#: Of every program on the machine, and no part of the product's settings.
NOT_OURS = {None, "PATH", "TERM", "NO_COLOR"}


def variable_read(node: ast.AST) -> str | None:
    match node:
        case ast.Subscript(value=read, slice=ast.Constant(value=str(name))) if dotted(read) == "os.environ":
            return name
        case ast.Call(func=read, args=[ast.Constant(value=str(name)), *_]) if dotted(read) in READERS:
            return name
    return None


READERS = {"os.environ.get", "os.getenv", "_number"}
