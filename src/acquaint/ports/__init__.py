"""What the core asks of the world, as promises. ``storage`` and ``adapters`` keep them."""
