"""What a checkpoint is worth: its figures, and how they compare."""
