"""What the service and its estimators can do, measured."""
