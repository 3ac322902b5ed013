"""Training: recipes, data, the loop, and what is measured at the end."""
