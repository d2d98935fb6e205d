"""Two kinds of import-linter contract for a house whose rooms are all planned and not all built."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.contracts.layers import LayersContract


class ShelvesContract(LayersContract):
    """Layers inside each room that is there: `containers` names all rooms, and those not yet built are passed over.

    A room that is built without being named here breaks no layer; test_placement.py refuses it.
    """

    type_name = "shelves"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - import-linter's signature
        self.containers = [room for room in self.containers if room.expression in graph.modules]
        return super().check(graph, verbose)


class PrivateContract(Contract):
    """Some shelves of a room are imported by that room only; typing-only imports are as forbidden as any."""

    type_name = "private"

    rooms = fields.ListField(subfield=fields.StringField())
    shelves = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - import-linter's signature
        intruders = [
            (importer, shelf)
            for room in self.rooms
            for shelf in (f"{room}.{name}" for name in self.shelves)
            if shelf in graph.modules
            for module in (shelf, *graph.find_descendants(shelf))
            for importer in graph.find_modules_that_directly_import(module)
            if not f"{importer}.".startswith(f"{room}.")
        ]
        return ContractCheck(kept=not intruders, metadata={"intruders": sorted(intruders)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, shelf in check.metadata["intruders"]:
            output.print_error(f"{importer} imports {shelf}: enter the room by its service.")
