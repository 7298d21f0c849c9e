"""What is measured: landmark layouts, benchmarks and subsets, metrics, statistics and published claims."""
