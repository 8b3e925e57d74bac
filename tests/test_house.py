"""The house's rules, read from the code itself: everything stays small, and the map is true.

That imports run one way is held by import-linter's contracts in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from grimp import ImportGraph, build_graph

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "server").rglob("*.py"))
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 45
MOST_FILES_OF_A_FOLDER = 18
MODEL_LIBRARIES = ("torch", "transformers", "tokenizers")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@cache
def imports() -> ImportGraph:
    """Return who imports whom, read by the library that import-linter reads with."""
    return build_graph("server", include_external_packages=True, cache_dir=None)


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


def in_every_file(find: Callable[[str], list[str]]) -> list[str]:
    """Return what `find` finds in the sources of the server, each with its file."""
    return [
        f"{path.relative_to(ROOT)}: {found}"
        for path in FILES
        for found in find(path.read_text(encoding="utf-8"))
    ]


def test_the_domain_imports_numpy_and_the_standard_library_alone() -> None:
    allowed = (*sys.stdlib_module_names, "numpy", "server.domain")
    inside = ["server.domain", *imports().find_descendants("server.domain")]
    found = {
        (module, name)
        for module in inside
        for name in imports().find_modules_directly_imported_by(module)
        if not within(name, *allowed)
    }
    assert len(inside) > 20
    assert found == set()


def test_only_the_commands_and_live_scoring_reach_the_model() -> None:
    graph = imports()
    reaching = {
        importer
        for module in ["server.lm", *graph.find_descendants("server.lm")]
        for importer in graph.find_modules_that_directly_import(module)
        if not within(importer, "server.lm")
    }
    assert reaching
    assert all(within(module, "server.commands", "server.local_models") for module in reaching)


def test_nothing_but_the_wiring_reaches_live_scoring_s_models() -> None:
    assert imports().find_modules_that_directly_import("server.local_models") == {"server"}


def test_the_web_process_never_loads_the_model_s_libraries() -> None:
    program = f"import server, sys; print(sorted({{*sys.modules}} & {{*{MODEL_LIBRARIES}}}))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_unit_tests_need_no_model_s_library() -> None:
    folders_without = ("domain", "store", "web")
    paths = [p for name in folders_without for p in (ROOT / "tests" / name).rglob("test_*.py")]
    modules = [str(path.relative_to(ROOT).with_suffix("")).replace("/", ".") for path in paths]
    program = (
        f"import importlib, sys; [importlib.import_module(name) for name in {modules}];"
        f"print(sorted({{*sys.modules}} & {{*{MODEL_LIBRARIES}}}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert len(modules) > 25
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


def test_no_folder_is_crowded() -> None:
    crowd = Counter(path.parent for path in [*FILES, *(ROOT / "tests").rglob("*.py")])
    assert {str(folder): n for folder, n in crowd.items() if n > MOST_FILES_OF_A_FOLDER} == {}


def folders(within_folder: Path) -> set[str]:
    """Return the folders of Python below one, by their paths from it."""
    found = {path.parent.relative_to(within_folder) for path in within_folder.rglob("*.py")}
    return {str(folder) for folder in found if folder != Path()}


def test_the_readme_s_map_of_the_house_is_the_house() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.split("## The house")[1].split("```")[1]
    named: set[str] = set()
    above: list[str] = []
    for line in shown.strip("\n").splitlines():
        place = re.match(r"( *)(\w+)/( |$)", line)
        if place is None:
            continue
        above = [*above[: len(place[1]) // 2], place[2]]
        named.add("/".join(above))
    packages = {f"server/{folder}" for folder in folders(ROOT / "server")}
    assert {name for name in named if name.startswith("server/")} == packages | {"server/data"}


def test_the_tests_mirror_the_house() -> None:
    layers = ("commands", "domain", "lm", "services", "store", "web")
    rooms = {path for path in folders(ROOT / "server") if path.split("/")[0] in layers}
    mirrored = {path for path in folders(ROOT / "tests") if path.split("/")[0] in layers}
    assert mirrored <= rooms


def decisions() -> dict[str, str]:
    """Return the titles of the decisions by file, in the order of their numbers."""
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    return {page.name: page.read_text(encoding="utf-8").partition("\n")[0] for page in pages}


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = range(1, len(decisions()) + 1)
    assert [name[:5] for name in decisions()] == [f"{number:04}-" for number in numbers]
    assert [title.split()[1] for title in decisions().values()] == [f"{n}." for n in numbers]


def test_the_index_lists_every_decision_by_its_number_and_title() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| \[(.+?)\]\((.+?)\) \|", index, re.MULTILINE)
    assert {name: f"# {number}. {title}" for number, title, name in listed} == decisions()


def links() -> list[tuple[Path, str, str]]:
    """Return the links of all documents to files: the document, the words shown, the target."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "training").glob("*.md")]
    shown = re.compile(r"\[([^\]]*)\]\(([^):#]+)(?:#[^)]*)?\)")
    return [
        (page, words, target)
        for page in pages
        for words, target in shown.findall(page.read_text(encoding="utf-8"))
    ]


def test_every_file_that_documents_link_to_is_there() -> None:
    assert len(links()) > 50
    assert [(p.name, to) for p, _, to in links() if not (p.parent / to).exists()] == []


def test_a_link_to_a_decision_says_its_number() -> None:
    decisions = [
        (words.split()[1], Path(to).name) for _, words, to in links() if "decision " in words
    ]
    assert len(decisions) > 20
    assert [(number, name) for number, name in decisions if int(number) != int(name[:4])] == []
