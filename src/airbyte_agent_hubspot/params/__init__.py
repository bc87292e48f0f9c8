"""Parameters of each operation: one TypedDict is signature, validator, JSON Schema and documentation.

Keys are snake_case here; the wire, `execute` and the hosted API use the camelCase form of the same name
(`filter_groups`, `filterGroups`). Both are understood everywhere.
"""
