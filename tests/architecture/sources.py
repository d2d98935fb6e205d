"""The source files that the rules look at."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Source:
    """One Python file: its path below the repository, and its text."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imported(self) -> dict[str, str]:
        """Every name that an import binds in this file, with the dotted name of what it is."""
        return dict(_bound_names(self.tree))

    def below(self, *folders: str) -> bool:
        """Tell whether the file lies in (or is) one of these."""
        return any(self.path.is_relative_to(folder) for folder in folders)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    def at(self, node: ast.AST, what: str) -> str:
        """Word one violation so that an editor can jump to it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}"


def python_files() -> list[Source]:
    """Return every Python file of the repository that is tracked, or would be."""
    return [Source(path, (ROOT / path).read_text()) for path in tracked_files() if path.suffix == ".py"]


def tracked_files() -> list[PurePosixPath]:
    """Return every file that stands in the repository, or is new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [PurePosixPath(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a chain of names, and an empty text for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def _bound_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (
                    alias.asname or alias.name.split(".")[0],
                    alias.name if alias.asname else alias.name.split(".")[0],
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield (alias.asname or alias.name, f"{node.module}.{alias.name}")
