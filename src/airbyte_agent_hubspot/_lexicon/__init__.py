"""What people say, in HubSpot's terms: labels and ids of a portal, dates in words, conditions."""
