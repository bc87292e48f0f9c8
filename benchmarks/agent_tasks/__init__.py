"""Tasks for agents over the sandbox's accounts, with answers that are checked against the accounts' records."""
