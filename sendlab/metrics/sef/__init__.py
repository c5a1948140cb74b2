"""The SEND self-evaluation: ratings, priorities, evidence and actions."""
