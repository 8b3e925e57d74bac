"""What is read: tokens, passages, what a corpus may hold, windows over long texts."""
