"""What a training leaves behind: the checkpoint, its card, and what is printed."""
