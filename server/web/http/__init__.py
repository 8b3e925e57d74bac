"""What every request passes through: context, schemas, errors, security, limits, logs, health."""
