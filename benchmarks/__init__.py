"""How fast the service is and how good its estimators are, measured."""
