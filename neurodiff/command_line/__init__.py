"""What the commands of `neurodiff.cli` share: their options, and what they say."""
