"""What to run and running it: experiments, records, one training, scheduling, environment."""
