"""The record of every tool call: kept on disk before the call is answered, then written to the database in batches."""
