"""Progress from starting points besides key stage 2: growth, ages, bands, goals, key stage 4."""
