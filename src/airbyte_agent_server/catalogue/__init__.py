"""What can be connected: definitions and templates, in the words of existing clients."""
