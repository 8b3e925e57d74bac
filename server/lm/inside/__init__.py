"""What happens inside a model at one position: residuals, attention, parts, and changes to them."""
