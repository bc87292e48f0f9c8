"""Secrets at rest: envelope encryption, and the credentials of connectors."""
