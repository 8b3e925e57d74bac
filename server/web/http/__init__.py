"""What every request passes: context, schemas, errors, security, limits, logs, health."""
