"""HubSpot's limits, kept by all processes together: places are got from the database some at a time, ahead of need."""
