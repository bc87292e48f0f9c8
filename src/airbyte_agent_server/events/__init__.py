"""What happens to connectors, told to organizations by signed webhooks."""
