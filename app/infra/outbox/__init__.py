"""The outbox: a fact and the work it causes are written in the transaction of the fact itself.

`record` writes events and deliveries; `publish` is the relay's side; `claim` is the worker's side;
`dead_letters` is the operator's side. Postgres is the truth, the broker only carries ids.
"""

from app.infra.outbox.reactions import Reaction, install, reactions_of
from app.infra.outbox.record import record
from app.infra.outbox.unfinished import is_on_its_way

__all__ = ["Reaction", "install", "is_on_its_way", "reactions_of", "record"]
