"""The commands that operate a server, as parts of `hubspot-agent`. Results are JSON on the standard output.

Exit codes: 0 done; 1 the database, HubSpot or a key service failed, or there is something to mend; 2 the command line
or the settings are wrong, or what was named does not exist.
"""
