"""What a run leaves, in memory: its recording, its counts, and whether it diverged."""
