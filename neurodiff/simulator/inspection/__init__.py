"""What the update of each synapse reads, found in the built network, for the audit."""
