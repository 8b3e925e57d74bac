"""What a model says about a passage, which model it was, and whether its scores can be right."""
