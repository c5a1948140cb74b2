"""Protection: which figures are hidden, so that no reader can work out what must not be known."""
