"""The steps of operations that are made of others: loaded when one of them runs."""
