"""What is shown, and what a click does."""
