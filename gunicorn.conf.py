"""gunicorn's settings; PORT and WEB_CONCURRENCY it reads from the environment by itself."""

worker_class = "gthread"
threads = 8  # at most half of them wait for live scoring; the others are there for play
preload_app = True  # forked workers share the application's memory
control_socket_disable = True
