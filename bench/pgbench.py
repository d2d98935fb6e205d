"""The bare limit of the database: the same statements by pgbench, which comes with the embedded PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import TextClause

from bench.timing import Timing
from bench.world import Broken
from embedded.binaries import find_postgres

CLIENTS = 8
_PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")


def statement(asked: TextClause, **values: str) -> str:
    """Return a statement of the product's for a script, each of its parameters replaced by an expression of SQL."""
    return _PARAMETER.sub(lambda found: values[found[1]], asked.text).strip() + ";"


def run(url: str, script: str, *, each: int, variables: dict[str, int] | None = None) -> Timing:
    """Run a script `each` times by each of 8 clients, prepared; raises Broken with what pgbench said."""
    parts, program = urlsplit(url), find_postgres().programs / "pgbench"
    if not program.is_file():
        raise Broken(f"there is no {program}: it comes with the wheel and with Debian's postgresql")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "script.sql").write_text(script)
        chosen = [f"-D{name}={value}" for name, value in (variables or {}).items()]
        done = subprocess.run(
            [
                str(program), "--no-vacuum", "--protocol=prepared", "--log",
                f"--client={CLIENTS}", "--jobs=2", f"--transactions={each}", "--file=script.sql", *chosen,
                f"--host={parts.hostname}", f"--port={parts.port}", f"--username={parts.username}", parts.path[1:],
            ],
            cwd=directory, env=os.environ | {"PGPASSWORD": parts.password or ""}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if done.returncode or not found:
            raise Broken(f"pgbench failed:\n{(done.stderr or done.stdout)[:1000]}")
        logs = [line.split() for log in Path(directory).glob("pgbench_log.*") for line in log.read_text().splitlines()]
    count = each * CLIENTS
    return Timing(count, count / float(found[1]), [int(fields[2]) / 1000 for fields in logs])
