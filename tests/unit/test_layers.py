"""The house's rules, read from the code itself: imports run one way, and everything stays small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "server").rglob("*.py"))
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 45
MODEL_LIBRARIES = ("torch", "transformers", "tokenizers")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(source: str, module: str, *, is_package: bool = False) -> Iterator[str]:
    """Yield the dotted name of everything that is imported anywhere, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            above = parts[: len(parts) - node.level + is_package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def is_flask(name: str) -> bool:
    return within(name, "flask", "apiflask") or name.startswith("flask_")


def forbidden_in_domain(name: str) -> bool:
    return not within(name, *sys.stdlib_module_names, "numpy", "server.domain")


def forbidden_in_store(name: str) -> bool:
    above = ("server.services", "server.web", "server.lm", "server.cli")
    return is_flask(name) or within(name, *MODEL_LIBRARIES, *above)


def forbidden_in_services(name: str) -> bool:
    above = ("server.web", "server.lm", "server.cli")
    return is_flask(name) or within(name, *MODEL_LIBRARIES, *above)


def forbidden_in_lm(name: str) -> bool:
    elsewhere = within(name, "server") and not within(name, "server.domain", "server.lm")
    return elsewhere or is_flask(name) or within(name, "sqlalchemy")


def forbidden_in_web(name: str) -> bool:
    if within(name, "sqlalchemy"):
        return not within(name, "sqlalchemy.exc")
    return within(name, *MODEL_LIBRARIES, "server.store", "server.lm", "server.cli")


def forbidden_in_cli(name: str) -> bool:
    return within(name, *MODEL_LIBRARIES)


def forbidden_in_live(name: str) -> bool:
    above = ("server.web", "server.store", "server.cli")
    return is_flask(name) or within(name, "sqlalchemy", *MODEL_LIBRARIES, *above)


def forbidden_elsewhere(name: str) -> bool:
    return within(name, *MODEL_LIBRARIES, "server.lm")


RULES: dict[str, Callable[[str], bool]] = {
    "server.domain": forbidden_in_domain,
    "server.store": forbidden_in_store,
    "server.services": forbidden_in_services,
    "server.lm": forbidden_in_lm,
    "server.web": forbidden_in_web,
    "server.cli": forbidden_in_cli,
    "server.live": forbidden_in_live,
    "server.cli_import": forbidden_in_cli,
}
# The commands, and live scoring, which a setting switches off.
MAY_REACH_THE_MODEL = {"server.cli", "server.cli_import", "server.live"}


def forbidden_imports(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Return what a module imports against the rule of its layer."""
    layers = [rule for layer, rule in RULES.items() if within(module, layer)]
    rule = layers[0] if layers else forbidden_elsewhere
    return [name for name in imported(source, module, is_package=is_package) if rule(name)]


def named(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Yield every class, function and method with its dotted name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.ClassDef):
            yield f"{prefix}{node.name}", node
            yield from named(node, f"{prefix}{node.name}.")
        else:
            yield from named(node, prefix)


def undocumented(source: str) -> list[str]:
    """Return the public classes, functions and methods that have no docstring."""
    tree = ast.parse(source)
    inside = {
        name
        for outer, node in named(tree)
        if isinstance(node, Function)
        for name, _ in named(node, f"{outer}.")
    }
    return [
        name
        for name, node in named(tree)
        if name not in inside
        and not any(part.startswith("_") for part in name.split("."))
        and not ast.get_docstring(node)
    ]


def too_many_lines(source: str) -> list[str]:
    """Return the number of lines where the house allows fewer."""
    count = len(source.splitlines())
    return [f"{count} lines"] if count > MOST_LINES_OF_A_FILE else []


def long_functions(source: str) -> list[str]:
    """Return the functions and methods that are longer than the house allows."""
    return [
        name
        for name, node in named(ast.parse(source))
        if isinstance(node, Function)
        and (node.end_lineno or 0) - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    ]


def test_the_layers_are_there_to_be_read() -> None:
    modules = {module_of(path) for path in FILES}
    assert set(RULES) <= modules
    assert len(modules) > 20


def in_every_file(find: Callable[[str], list[str]]) -> list[str]:
    """Return what `find` finds in the sources of the server, each with its file."""
    return [
        f"{path.relative_to(ROOT)}: {found}"
        for path in FILES
        for found in find(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    is_package = path.name == "__init__.py"
    assert forbidden_imports(source, module_of(path), is_package=is_package) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("server.domain.rounds", "import flask"),
        ("server.domain.rounds", "from sqlalchemy import select"),
        ("server.domain.rounds", "from server.store import tables"),
        ("server.domain.rounds", "from server import store"),
        ("server.domain.rounds", "from ..store.tables import RoundRow"),
        ("server.domain.rounds", "def f():\n    import torch"),
        ("server.store.rounds", "from server.services.rounds import RoundService"),
        ("server.store.rounds", "import flask_sqlalchemy_lite"),
        ("server.store.rounds", "if True:\n    from server.lm import score"),
        ("server.services.rounds", "from flask import request"),
        ("server.services.rounds", "from server.web.context import db"),
        ("server.services.rounds", "async def f():\n    import transformers.models"),
        ("server.lm.score", "from server.store.scores import load_scores"),
        ("server.lm.score", "from server.config import Settings"),
        ("server.lm.score", "import sqlalchemy.orm"),
        ("server.web.api", "from sqlalchemy.orm import Session"),
        ("server.web.api", "import sqlalchemy"),
        ("server.web.api", "from server.store.rounds import find_round"),
        ("server.web.api", "from .. import lm"),
        ("server.web.api", "class A:\n    import tokenizers"),
        ("server.cli", "import torch"),
        ("server.live", "def f():\n    import torch"),
        ("server.live", "from server.web.context import service"),
        ("server.live", "from server.store.scores import find_model"),
        ("server.services.live_scoring", "from server.lm.live import load_on_one_thread"),
        ("server.config", "from server.lm.load import load_model"),
        ("server", "import torch"),
        ("server", "from server.lm.load import load_model"),
    ],
)
def test_an_import_against_the_rule_is_found(module: str, source: str) -> None:
    assert forbidden_imports(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("server.domain.rounds", "from __future__ import annotations\nimport numpy as np"),
        ("server.domain.rounds", "from numpy.typing import NDArray\nfrom . import tokens"),
        ("server.store.rounds", "from sqlalchemy import select\nfrom server.domain import rounds"),
        ("server.services.rounds", "from server.store import rounds as stored"),
        ("server.lm.score", "import torch\nfrom server.lm.load import LoadedModel"),
        ("server.web.api", "from sqlalchemy.exc import SQLAlchemyError\nimport flask"),
        ("server.cli", "def f():\n    from server.lm.load import load_model"),
        ("server.live", "def f():\n    from server.lm.live import load_on_one_thread"),
        ("server", "from server.store.engine import configure"),
    ],
)
def test_an_import_within_the_rule_is_let_through(module: str, source: str) -> None:
    assert forbidden_imports(source, module) == []


def test_only_the_commands_and_live_scoring_reach_the_model() -> None:
    reaching = {
        module_of(path)
        for path in FILES
        for name in imported(path.read_text(encoding="utf-8"), module_of(path))
        if within(name, "server.lm")
    }
    assert {module for module in reaching if not within(module, "server.lm")} == MAY_REACH_THE_MODEL


def test_nothing_but_the_wiring_reaches_live_scoring_s_models() -> None:
    reaching = {
        module_of(path)
        for path in FILES
        for name in imported(
            path.read_text(encoding="utf-8"),
            module_of(path),
            is_package=path.name == "__init__.py",
        )
        if within(name, "server.live")
    }
    assert reaching == {"server"}


def test_a_package_s_relative_imports_start_at_itself() -> None:
    source = "from .store import tables"
    assert list(imported(source, "server", is_package=True)) == ["server.store.tables"]
    assert list(imported(source, "server.cli")) == ["server.store.tables"]


def test_the_web_process_never_loads_the_model_s_libraries() -> None:
    program = f"import server, sys; print(sorted({{*sys.modules}} & {{*{MODEL_LIBRARIES}}}))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_everything_public_has_a_docstring() -> None:
    assert in_every_file(undocumented) == []


def test_a_missing_docstring_is_found() -> None:
    source = (
        'def shown():\n    """Do."""\n    def inner(): ...\n'
        "def bare(): ...\n"
        "def _own(): ...\n"
        "class Bare:\n    def method(self): ...\n    def __len__(self): ...\n"
        "class _Own:\n    def method(self): ...\n"
        "if True:\n    async def late(): ...\n"
    )
    assert undocumented(source) == ["bare", "Bare", "Bare.method", "late"]


def test_no_file_is_too_long() -> None:
    assert in_every_file(too_many_lines) == []


def test_a_long_file_is_found() -> None:
    assert too_many_lines("pass\n" * 300) == []
    assert too_many_lines("pass\n" * 301) == ["301 lines"]


def test_no_function_is_too_long() -> None:
    assert in_every_file(long_functions) == []


def test_a_long_function_is_found() -> None:
    body = "        pass\n" * 45
    source = f"class A:\n    def long(self):\n{body}    def short(self):\n{body[:-13]}"
    assert long_functions(source) == ["A.long"]
