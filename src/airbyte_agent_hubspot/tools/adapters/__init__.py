"""Tools in the form of each agent framework: one module each, imported when it is asked for."""
