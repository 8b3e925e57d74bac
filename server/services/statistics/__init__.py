"""The statistics of the site: kept as sums, folded as answers come, and held to a whole count."""
