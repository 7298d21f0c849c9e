"""The network of the official code, and what it is built of."""
