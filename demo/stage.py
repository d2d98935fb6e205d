"""What every act is played on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from demo.caller import Caller
from demo.google import Google
from demo.outside import Outside
from demo.screen import Screen
from demo.waiting import Patience
from demo.world import World


@dataclass(frozen=True)
class Stage:
    """A running world, its outside, and the screen that shows it. `began` is the database's time at the beginning."""

    world: World
    screen: Screen
    patience: Patience
    began: datetime

    @cached_property
    def nobody(self) -> Caller:
        """Somebody at the API who is not signed in."""
        return Caller(self.world.api, self.patience)

    @cached_property
    def outside(self) -> Outside:
        """The mailbox, the payment gateway, and the faults that can be ordered."""
        return Outside(self.world.sandbox, self.patience)

    @cached_property
    def google(self) -> Google:
        """The calendars."""
        return Google(self.world.sandbox, self.patience)
