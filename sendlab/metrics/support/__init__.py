"""Interventions as description: dose, cost, change."""
