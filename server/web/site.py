"""What browsers, phones and crawlers ask of the site itself."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.application import service
from server.web.http.static_files import ICON_SIZES, StaticFiles

site = APIBlueprint("site", __name__, enable_openapi=False)

_DAY_S = 86_400
# Pages that are the same for everybody. What is personal is nobody's to index; a round is not found
# without its player's cookie, so crawlers need no rule for it.
_PUBLIC_PAGES = ("pages.home", "stats_pages.show_page", "pages.methods")
_PRIVATE_PATHS = ("/you", "/api/", "/admin", "/play")


@site.get("/manifest.webmanifest")
def manifest() -> Response:
    """Return what a phone needs to install the game."""
    answer = jsonify(
        name="Perplexed",
        short_name="Perplexed",
        description="Guess the next word of a passage, and see how you compare with a model.",
        id=url_for("pages.home"),
        start_url=url_for("pages.home"),
        scope=url_for("pages.home"),
        display="standalone",
        background_color="#fbf9f4",
        theme_color="#fbf9f4",
        icons=_icons(),
    )
    answer.mimetype = "application/manifest+json"
    return _kept_for_a_day(answer)


def _icons() -> list[dict[str, str]]:
    icons = [_icon("favicon.svg", "any", "image/svg+xml", "any")]
    if _files().is_built:
        for size in ICON_SIZES:
            for name, purpose in (("icon", "any"), ("maskable", "maskable")):
                path = f"icons/{name}-{size}.png"
                icons.append(_icon(path, f"{size}x{size}", "image/png", purpose))
    return icons


def _icon(path: str, sizes: str, kind: str, purpose: str) -> dict[str, str]:
    address = url_for("static", filename=path)
    return {"src": address, "sizes": sizes, "type": kind, "purpose": purpose}


@site.get("/service-worker.js")
def service_worker() -> Response:
    """Return the script that keeps the shell and the last result for a phone without a network."""
    files = _files()
    script = render_template(
        "service_worker.js",
        fingerprint=files.fingerprint,
        offline_url=url_for("site.offline"),
        static_url=url_for("static", filename=""),
        files=[url_for("static", filename=name) for name in files.shell("offline")],
    )
    return Response(script, mimetype="text/javascript")


@site.get("/offline")
def offline() -> str:
    """Show what there is to do without a network; kept by the service worker."""
    return render_template("offline.html", opponent_line="")


@site.get("/robots.txt")
def robots() -> Response:
    """Tell crawlers which pages are somebody's own."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE_PATHS)]
    lines.append(f"Sitemap: {url_for('site.sitemap', _external=True)}")
    return _kept_for_a_day(Response("\n".join(lines) + "\n", mimetype="text/plain"))


@site.get("/sitemap.xml")
def sitemap() -> Response:
    """List the public pages."""
    pages = [*_PUBLIC_PAGES, *(("own_text_pages.show_try",) if service().live else ())]
    entries = "".join(f"<url><loc>{url_for(page, _external=True)}</loc></url>" for page in pages)
    body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
    return _kept_for_a_day(Response(body, mimetype="application/xml"))


@site.get("/favicon.ico")
def favicon() -> AnyResponse:
    """Redirect browsers that ask here to the drawn icon."""
    return redirect(url_for("static", filename="favicon.svg"), code=301)


def _files() -> StaticFiles:
    files: StaticFiles = current_app.extensions["static_files"]
    return files


def _kept_for_a_day(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={_DAY_S}"
    return response
