"""Play the whole story on a running world, from two strangers to the paid mentor. Ends with 0 only if everything held.

It registers people of its own, and orders faults for them alone where that can be. It moves the world's business time
forward by days, to the end of a session and past the time in which a problem can be reported.
"""

from __future__ import annotations

import argparse
import sys

from demo import story
from demo.database import database_now
from demo.failures import Failed
from demo.screen import Screen
from demo.stage import Stage
from demo.tries import tell_unfinished
from demo.waiting import Patience
from demo.world import DEFAULT, VARIABLE, World, read_world, shown

PATIENCE_SECONDS = 60.0
INTERRUPTED = 130


def main() -> int:
    """Run the command line and return its exit code: 0, 1 for a failure that was explained, 130 when interrupted."""
    patience = Patience(_options().patience)
    screen = Screen(sys.stdout)
    try:
        _play(read_world(), screen, patience)
    except Failed as failure:
        screen.failure(screen.act_title or "the story could not begin", str(failure))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    screen.success(f"All of it held, in {screen.elapsed:.1f} s.")
    return 0


def _play(world: World, screen: Screen, patience: Patience) -> None:
    screen.title(
        "Amana: one session, from two strangers to the paid mentor, played over the network",
        f"API {world.api}, sandbox {world.sandbox}, logs in {shown(world.logs)}",
    )
    began = database_now(world.database_url)
    try:
        story.play(Stage(world, screen, patience, began))
    except Failed as failure:
        unfinished = tell_unfinished(world.database_url, began)
        raise Failed(f"{failure}\n{unfinished}\nThe logs are in {shown(world.logs)}.") from failure


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description=__doc__,
        epilog=f"{VARIABLE} names the world.json of the world to play on (default: {DEFAULT}, the one of `make up`).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE_SECONDS,
        metavar="SECONDS",
        help="how long anything may take before the demo fails (default: %(default).0f)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
