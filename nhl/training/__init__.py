"""One run: its settings, its losses and its loop."""
