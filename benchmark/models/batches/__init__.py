"""From prepared faces to a batch of network inputs: crops, augmentation and normalization."""
