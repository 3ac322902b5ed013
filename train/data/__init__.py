"""Photos for training: where they come from, what of them may be used, and how they become batches."""
