"""Use cases: async functions that take the Core first. They orchestrate; the domain decides."""
