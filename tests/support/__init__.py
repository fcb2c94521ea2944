"""What tests drive from outside: a server of ours, PostgreSQL, Valkey. Nothing outlives the run."""
