"""`python -m airbyte_agent_hubspot.cli`: the same as `hubspot-agent`."""

from . import main

main()
