"""The OAuth broker: consent at HubSpot on behalf of an application, which never sees a HubSpot token."""
