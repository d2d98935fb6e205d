"""The command line: `python -m embedded up` and `python -m embedded services`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from embedded.errors import EmbeddedError
from embedded.signals import StopRequested
from embedded.supervisor import GRACE_SECONDS
from embedded.up import INTERRUPTED, clean, services, up
from embedded.world import Plan

_ABOUT = """\
Run Amana on this machine with nothing installed but its Python requirements: PostgreSQL and Valkey come from wheels
(or from local servers), listen on free loopback ports, ask for random passwords, and keep their data in one directory.
"""
_VARIABLES = """\
environment:
  DATABASE_URL, MIGRATION_DATABASE_URL   use this PostgreSQL instead (runtime role and owner; both or neither)
  BROKER_URL                             use this Redis, Valkey or RabbitMQ instead
  PORT                                   the port of the API (default: a free one, the same every time)
  EMBEDDED_POSTGRES_BIN                  a directory with initdb and postgres, before wheel and local servers
  EMBEDDED_VALKEY_BIN                    a valkey-server or redis-server, before wheel and local servers
"""


def main() -> int:
    """Run the command line and return its exit code: 0, 1 for a failure that was explained, 130 when interrupted."""
    options = _parser().parse_args()
    try:
        if options.command == "services":
            return services(options.directory.absolute())
        if options.command == "clean":
            return clean(options.directory.absolute())
        directory, procfile = options.directory.absolute(), options.procfile.absolute()
        plan = Plan(directory, procfile, frozenset(options.without), options.grace)
        return up(plan, options.run or (), keep=options.keep)
    except EmbeddedError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except StopRequested:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m embedded",
        description=_ABOUT,
        epilog=_VARIABLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    running = commands.add_parser("up", help="run the whole system until Ctrl-C, or as long as a command runs")
    _add_directory(running)
    running.add_argument(
        "--procfile", type=Path, default=Path("Procfile"), help="the processes to run (default: %(default)s)"
    )
    running.add_argument(
        "--without", action="append", default=[], metavar="NAME", help="leave out a process, e.g. flower (repeatable)"
    )
    running.add_argument(
        "--keep", action="store_true", help="keep the world running after the command of --run, and end with its code"
    )
    running.add_argument(
        "--grace",
        type=float,
        default=GRACE_SECONDS,
        metavar="SECONDS",
        help="how long each process may take to end what it has begun before it is killed (default: %(default).0f)",
    )
    running.add_argument(
        "--run",
        nargs=argparse.REMAINDER,
        metavar="COMMAND …",
        help="comes last: run this command, with AMANA_WORLD naming world.json, then stop all and exit with its code",
    )
    _add_directory(commands.add_parser("services", help="run only PostgreSQL and Valkey, and print their URLs"))
    _add_directory(commands.add_parser("clean", help="remove the data, logs and secrets of a world that does not run"))
    return parser


def _add_directory(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--directory",
        type=Path,
        default=Path(".run"),
        help="where data, logs and secrets are kept (default: %(default)s)",
    )


if __name__ == "__main__":
    sys.exit(main())
