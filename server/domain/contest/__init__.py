"""What players do beside one another: the daily passage and its streaks."""
