"""Money, staff and teaching seen."""
