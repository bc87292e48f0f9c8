"""Backups: all tables at one instant, in a form of our own that either kind of database can be filled from."""
