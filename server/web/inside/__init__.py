"""Inside the model: its pages and calls."""
