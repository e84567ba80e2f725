"""What is remembered: one database, SQLite by default, PostgreSQL by URL."""
