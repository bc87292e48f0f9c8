"""Between the socket and the routes: request ids, errors, canonical paths and bodies."""
