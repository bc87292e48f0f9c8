"""Bearer tokens: minted, verified, and what each may do."""
