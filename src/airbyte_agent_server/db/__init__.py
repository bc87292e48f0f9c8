"""The database: tables, transactions, migrations, and all that differs between SQLite and PostgreSQL."""
