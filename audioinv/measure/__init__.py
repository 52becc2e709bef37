"""Numbers from responses: measures, statistics, summaries."""
