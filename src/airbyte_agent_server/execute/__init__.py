"""The hot path: one call of one operation with credentials from the vault."""
