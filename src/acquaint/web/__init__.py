"""What everything that speaks HTTP shares: what a dialect is, reading requests, ids on the wire, the edge."""
