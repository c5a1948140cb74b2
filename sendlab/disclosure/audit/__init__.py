"""The attacker: what published numbers tell about those that are hidden. It shares no solving code with protection."""
