"""Models, their scores of passages, and the files in which scores travel."""
