"""What is checked of records, without training and without the data: each check names what does not hold."""
