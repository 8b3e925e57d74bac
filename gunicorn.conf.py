"""gunicorn's settings; it reads PORT and WEB_CONCURRENCY from the environment by itself."""

from typing import Any

worker_class = "gthread"
threads = 8  # at most half of them wait for live scoring; the others are kept for play
preload_app = True  # forked workers share the application's memory
control_socket_disable = True


def when_ready(arbiter: Any) -> None:
    """Read ahead once the application is loaded and before the first worker is forked."""
    from server.application import warm_up  # gunicorn finds this folder after it has read this file

    warm_up(arbiter.app.wsgi())
