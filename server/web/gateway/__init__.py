"""What stands between a socket and the application: a gunicorn worker that gathers requests."""
