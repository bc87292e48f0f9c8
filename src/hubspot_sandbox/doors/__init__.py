"""The HTTP operations, one module per HubSpot API: a call in, an answer out."""
