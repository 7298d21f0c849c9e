"""What networks are trained to give: coordinates, point maps and edge maps."""
