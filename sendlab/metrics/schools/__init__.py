"""Schools as places: inspections, what they offer, and moves between them."""
