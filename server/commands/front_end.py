"""`flask front-end`: build what browsers load, once for each change of it."""

from __future__ import annotations

import click

from server.commands.terminal import say
from server.web.http.static_files import build_folder, fingerprint


@click.command("front-end")
def front_end_command() -> None:
    """Minify, bundle and compress the static files, and make the fonts and icons."""
    build_front_end()


def build_front_end() -> None:
    """Build the static files unless the present ones are built already."""
    folder = build_folder(fingerprint())
    if folder.exists():
        say("The front end is built already.")
        return
    # What builds is not kept in the memory of what serves.
    from server.commands.static_build import build

    size = build(folder)
    kilobytes = size.compressed_bytes / 1000
    say(f"Built the front end: {size.files} files, {kilobytes:.0f} kB on the wire.")


if __name__ == "__main__":
    build_front_end()
