"""Inside the model, over HTTP."""
