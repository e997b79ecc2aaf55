"""What the page teaches, as numbers: what a longer code gains, what it costs, and why nesting is special."""
