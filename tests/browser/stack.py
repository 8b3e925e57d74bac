"""What production looks like: two web processes on one PostgreSQL and one Redis, behind nginx."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import skip_or_fail
from tests.system.processes import free_port, running, serving

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/errors; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream game {{ server {inner}; keepalive 16; keepalive_timeout 60s; }}
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://game; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Request-Id $request_id; }} }}
}}
"""


@contextmanager
def behind_nginx(
    environment: dict[str, str], database_url: str, redis_url: str, folder: Path
) -> Iterator[str]:
    """Serve so, and yield nginx's address."""
    binary = shutil.which("nginx")
    if binary is None:
        skip_or_fail("nginx", "there is no nginx on this machine")
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "WEB_CONCURRENCY": "2"}
    proxied = {"TRUSTED_PROXIES": "1"}
    with serving(environment | settings | proxied, "gunicorn", "server:create_app()") as address:
        port, file = free_port(), folder / "nginx.conf"
        inner = address.removeprefix("http://")
        file.write_text(NGINX.format(folder=folder, inner=inner, port=port))
        with running(environment, port, binary, "-c", str(file)) as nginx_address:
            yield nginx_address
