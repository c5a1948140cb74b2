"""Plans of support, their reviews and meetings, and the SEN register."""
