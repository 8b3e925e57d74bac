"""`flask inside fit`: the same text gives the same file, and damaged documents are left out."""

from __future__ import annotations

from pathlib import Path

from apiflask import APIFlask
from safetensors import safe_open

from server import create_app
from tests.conftest import close, settings_for

WHOLE = ["The keeper of the lighthouse lit the lamp. " * 16 + f"Night {n}." for n in range(24)]
DAMAGED = "The keeper\N{REPLACEMENT CHARACTER}s lamp. " * 100


def fitted(app: APIFlask, folder: Path, name: str, documents: list[str]) -> Path:
    text, lens = folder / f"{name}.txt", folder / f"{name}.safetensors"
    text.write_text("\n\0\n".join(documents), encoding="utf-8")
    arguments = ["--text", text, "--tokens", 3300, "--steps", 2, "--output", lens]
    given = ["inside", "fit", "--model", "bundled", *map(str, arguments)]
    result = app.test_cli_runner().invoke(args=given)
    assert result.exit_code == 0, result.output
    assert "after layer 4: fitted" in result.output
    return lens


def test_the_same_text_gives_the_same_maps_whatever_damaged_documents_stand_between(
    tmp_path: Path,
) -> None:
    app = create_app(settings_for(f"sqlite:///{tmp_path}/empty.sqlite3"))
    plain = fitted(app, tmp_path, "plain", WHOLE)
    mixed = fitted(app, tmp_path, "mixed", [DAMAGED, *WHOLE[:3], DAMAGED, *WHOLE[3:]])
    close(app)
    with safe_open(plain, "pt") as one, safe_open(mixed, "pt") as other:
        for name in ("maps", "shifts"):
            assert one.get_tensor(name).equal(other.get_tensor(name))
        assert '"steps": 2' in one.metadata()["facts"]
