"""Servers that all tests of this folder share, and projects of plain programs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded.services import Services, throwaway_services
from tests.embedded.plain_project import PlainProject


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Two servers, for tests that do not start or stop any themselves."""
    with throwaway_services(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, servers: Services) -> Iterator[PlainProject]:
    """A project whose world uses the shared servers: it stands in a moment."""
    project = PlainProject(
        tmp_path / "project",
        {
            "DATABASE_URL": servers.database.url,
            "MIGRATION_DATABASE_URL": servers.database.owner_url,
            "BROKER_URL": servers.broker_url,
        },
    )
    yield project
    project.end()


@pytest.fixture
def whole_project(tmp_path: Path) -> Iterator[Callable[[str], PlainProject]]:
    """Projects whose worlds have servers of their own."""
    projects: list[PlainProject] = []

    def make(name: str) -> PlainProject:
        projects.append(PlainProject(tmp_path / name))
        return projects[-1]

    yield make
    for project in projects:
        project.end()


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that everybody may enter, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)
