"""Whether exclusion is out of proportion, and signals of informal exclusion."""
