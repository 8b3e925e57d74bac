"""What the operator does: flag, undo, retire, hide, purge; and sees each morning."""
