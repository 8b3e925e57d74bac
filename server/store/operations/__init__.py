"""What the operator does and sees: waiting rounds, flaggings, the audit log, daily figures."""
