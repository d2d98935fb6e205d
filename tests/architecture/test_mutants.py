"""Mutants fit the code they lie about: a lie that no longer applies proves nothing."""

from __future__ import annotations

import pytest

from mutants.catalogue import MUTANTS
from mutants.mutant import DoesNotFit, Mutant
from tests.architecture.sources import ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_changes_its_file_in_one_place(mutant: Mutant) -> None:
    assert mutant.applied_to(ROOT) != (ROOT / mutant.path).read_text()
    assert all((ROOT / test).exists() for test in mutant.tests.split())


def test_a_mutant_whose_text_is_gone_says_so() -> None:
    with pytest.raises(DoesNotFit, match="stands 0 times in Makefile"):
        Mutant("gone", "Makefile", "no such text", "", "tests").applied_to(ROOT)


def test_there_are_twenty_five_at_least_and_each_has_its_own_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25
