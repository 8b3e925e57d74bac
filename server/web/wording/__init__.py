"""Every sentence that a page says."""
