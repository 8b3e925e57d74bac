"""Estimators: from answers to values with intervals."""
