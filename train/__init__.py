"""Training: commands, the loop they share, what is learnt, from which photos, what is measured and published."""
