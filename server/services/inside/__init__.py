"""Inside the model: what is stored of it, what is asked of it live, and who may see it."""
