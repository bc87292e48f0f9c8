"""Pages in which users connect their accounts: one for an application's frame, one for a window of its own."""
