"""The interchange format, and the analysis of a study in it."""
