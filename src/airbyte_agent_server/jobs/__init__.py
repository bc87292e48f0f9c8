"""Background work that survives the death of the process it runs in."""
