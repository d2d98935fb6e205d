"""The rules of the house: each is a function that yields what breaks it in one file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import timedelta

from tests.architecture.sources import Source, dotted

PRODUCT = ("app", "tasks", "embedded", "sandbox", "demo", "celeryconfig.py", "wsgi.py")
MONEY = ("app/kernel/money.py", "app/ledger", "app/escrow", "app/payments", "app/payouts", "app/gateways/psp")
#: The machinery below the tasks; every other file in tasks/ holds tasks.
MACHINERY = ("tasks/delivery.py", "tasks/relay.py", "tasks/worker.py")
CLOCKS = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "time.time", "time.time_ns",
}  # fmt: skip
#: Who may read the machine's clock, and what they read.
CLOCK_READERS = {"app/kernel/clock.py": "datetime.datetime.now", "app/kernel/ids.py": "time.time_ns"}
REFUSED_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "managers", "base2", "misc"})
OWN_CODE = ("app", "tasks", "embedded", "sandbox", "celeryconfig")

#: In seconds. A machine that answers so late is not slow, but broken.
LEAST_PATIENCE = 60
LEAST_MARGIN = 180

FILE_LINES, FUNCTION_LINES, ROUTE_LINES, TASK_LINES = 400, 50, 15, 10


def files_are_short(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if lines > FILE_LINES and not source.below("migrations"):
        yield f"{source.path}: {lines} lines, {FILE_LINES} are enough: part it by ideas"


def functions_are_short(source: Source) -> Iterator[str]:
    if not source.below("migrations"):
        for function in source.functions():
            yield from _at_most(FUNCTION_LINES, source, function, "a function")


def routes_are_short(source: Source) -> Iterator[str]:
    """A route is a function below `@….route(…)`, or a method of a view class there."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and _decorated_by(node, "route"):
            methods = node.body if isinstance(node, ast.ClassDef) else [node]
            for method in methods:
                if isinstance(method, ast.FunctionDef):
                    yield from _at_most(ROUTE_LINES, source, method, "a route")


def tasks_are_short(source: Source) -> Iterator[str]:
    """Whatever is decorated in a file of tasks is a task."""
    if source.below("tasks") and not source.below(*MACHINERY):
        for function in source.functions():
            if function.decorator_list:
                yield from _at_most(TASK_LINES, source, function, "a task")


def only_the_session_scope_commits(source: Source) -> Iterator[str]:
    if source.below("app", "tasks") and not source.below("app/infra/db.py"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
                yield source.at(node, "commits: only app/infra/db.py does, at the end of session_scope()")


def no_floats_near_money(source: Source) -> Iterator[str]:
    if not source.below(*MONEY):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield source.at(node, f"the float {node.value} near money: count in minor units")
        if isinstance(node, ast.Call) and dotted(node.func) in {"float", "round"}:
            yield source.at(node, f"{dotted(node.func)}() near money: count in minor units")
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield source.at(node, "true division near money: use //, and say who gets the rest")


def only_the_clock_reads_the_time(source: Source) -> Iterator[str]:
    if not source.below("app", "tasks", "celeryconfig.py"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, _, rest = dotted(node).partition(".")
            name = source.imported.get(first, first) + (f".{rest}" if rest else "")
            if name in CLOCKS and CLOCK_READERS.get(str(source.path)) != name:
                yield source.at(node, f"{name}: ask app.kernel.clock (wall time) or app.infra.clock (business time)")


def names_say_something(source: Source) -> Iterator[str]:
    for part in (*source.path.parts[:-1], source.path.stem):
        if part in REFUSED_NAMES:
            yield f"{source.path}: '{part}' says nothing: name it after its idea"


def annotations_are_lazy(source: Source) -> Iterator[str]:
    annotated = any(
        isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None for node in ast.walk(source.tree)
    ) or any(function.returns for function in source.functions())
    # Every global of celeryconfig is a setting; that name of all names is better not one of them.
    if annotated and "annotations" not in source.imported and not source.below("migrations", "celeryconfig.py"):
        yield f"{source.path}: annotations without 'from __future__ import annotations'"


def use_cases_take_the_session_first(source: Source) -> Iterator[str]:
    """Public functions of `app/<room>/service.py`, or of a file in `app/<room>/service/`."""
    parts = source.path.parts
    if parts[0] != "app" or len(parts) < 3 or parts[2].removesuffix(".py") != "service":
        return
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            taken = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            if "session" in taken[1:]:
                yield source.at(node, f"the use case {node.name} does not take the session first")


def tests_use_our_own_code_as_it_is(source: Source) -> Iterator[str]:
    """No mock, and nothing of ours replaced: what a test replaces it does not test. It may say how long to wait."""
    if not source.below("tests"):
        return
    for bound, name in source.imported.items():
        if name.startswith("unittest.mock") or name.split(".")[0] in {"mock", "pytest_mock"}:
            yield f"{source.path}: imports {name} as {bound}: run the real thing"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _replaces_our_own(source, node):
            yield source.at(node, "replaces our own code: run it as it is")
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Attribute) and _is_ours(source, target.value):
                    yield source.at(node, f"assigns {dotted(target)}: run our code as it is")


def tests_never_fail_on_time(source: Source) -> Iterator[str]:
    """How long something took is asserted from below alone; who waits does so for a minute, or until it holds.

    Limits of a second and less are meant to run out. Anything in between is a guess about the machine. So is how soon
    before a deadline business time may be moved, which goes on by itself, and how near to now an instant must lie.
    """
    if not source.below("tests") or source.below("tests/architecture"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert) and any(map(_bounds_a_duration, ast.walk(node))):
            yield source.at(node, "bounds how long something took: have what would come too late never come")
        if isinstance(node, ast.Call) and any(1 < seconds < LEAST_PATIENCE for seconds in _limits(node)):
            yield source.at(node, "gives a slow machine no chance: wait PATIENCE_SECONDS, or `eventually`")
        if isinstance(node, ast.Call) and _stops_short(node):
            yield source.at(node, f"is due while the test runs: stop {LEAST_MARGIN} seconds short of it, or half-way")
        if isinstance(node, ast.Compare) and any(map(_is_a_moment, node.comparators)):
            yield source.at(node, "asks for what has just been: ask what time it was before and after")


def _bounds_a_duration(node: ast.AST) -> bool:
    return isinstance(node, ast.Compare) and any(
        (isinstance(operator, ast.Lt | ast.LtE) and _is_duration(left))
        or (isinstance(operator, ast.Gt | ast.GtE) and _is_duration(right))
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False)
    )


def _is_duration(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and isinstance(node.left, ast.Call)
        and dotted(node.left.func) in {"time.monotonic", "time.perf_counter", "time.process_time"}
    )


def _stops_short(call: ast.Call) -> bool:
    """Tell whether a call moves business time to just before something: `world.advance(seconds=LINK - 10)`."""
    named = isinstance(call.func, ast.Attribute) and call.func.attr.startswith(("advance", "pass_"))
    return named and any(
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Sub)
        and isinstance(value.right, ast.Constant)
        and value.right.value < LEAST_MARGIN
        for value in [*call.args, *(keyword.value for keyword in call.keywords)]
    )


def _is_a_moment(bound: ast.AST) -> bool:
    """Tell whether an assertion's bound is some seconds, or a minute: `timedelta(minutes=1)`."""
    if not (isinstance(bound, ast.Call) and dotted(bound.func) == "timedelta"):
        return False
    units = {keyword.arg: keyword.value for keyword in bound.keywords}
    if not units or not all(isinstance(value, ast.Constant) for value in units.values()):
        return False
    return timedelta(**{name: value.value for name, value in units.items()}) < timedelta(seconds=LEAST_MARGIN)


def _limits(call: ast.Call) -> Iterator[float]:
    """Yield the numbers that say for how many seconds a call waits."""
    waits = isinstance(call.func, ast.Attribute) and call.func.attr in {"wait", "join", "result", "settimeout"}
    named = [keyword.value for keyword in call.keywords if keyword.arg in {"timeout", "patience"}]
    for value in [*named, *(call.args[:1] if waits else [])]:
        if isinstance(value, ast.Constant) and isinstance(value.value, int | float):
            yield value.value


def _at_most(limit: int, source: Source, function: ast.FunctionDef | ast.AsyncFunctionDef, what: str) -> Iterator[str]:
    lines = body_lines(function)
    if lines > limit:
        yield source.at(function, f"{what} of {lines} lines, {limit} are enough: {function.name}")


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a body: without decorators, signature, docstring, and texts of many lines (SQL)."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    texts = (
        node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Constant | ast.JoinedStr)
    )
    inside_texts = {line for text in texts for line in range(text.lineno + 1, (text.end_lineno or text.lineno) + 1)}
    lines = set(range(body[0].lineno, (body[-1].end_lineno or body[-1].lineno) + 1))
    return len(lines - inside_texts)


def _decorated_by(node: ast.FunctionDef | ast.ClassDef, name: str) -> bool:
    decorators = (d.func if isinstance(d, ast.Call) else d for d in node.decorator_list)
    return any(isinstance(d, ast.Attribute) and d.attr == name for d in decorators)


_IS_LIMIT = re.compile(r"\.([A-Z]+_)*SECONDS$")


def _replaces_our_own(source: Source, call: ast.Call) -> bool:
    """Recognise `monkeypatch.setattr(ours, …)`, `patch("ours…")` and the builtin setattr."""
    if dotted(call.func).split(".")[-1] not in {"setattr", "delattr", "patch"} or not call.args:
        return False
    target = call.args[0]
    if isinstance(target, ast.Constant) and isinstance(target.value, str):
        return target.value.split(".")[0] in OWN_CODE and not _IS_LIMIT.search(target.value)
    return _is_ours(source, target)


def _is_ours(source: Source, node: ast.AST) -> bool:
    return source.imported.get(dotted(node).split(".")[0], "").split(".")[0] in OWN_CODE


RULES = (
    files_are_short, functions_are_short, routes_are_short, tasks_are_short, only_the_session_scope_commits,
    no_floats_near_money, only_the_clock_reads_the_time, names_say_something, annotations_are_lazy,
    use_cases_take_the_session_first, tests_use_our_own_code_as_it_is, tests_never_fail_on_time,
)  # fmt: skip
