"""Whether the database still holds the rules, whether every row keeps them, and where the outbox comes from."""
