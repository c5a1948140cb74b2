"""Arrays and numbers only, no frames: rounding, intervals, analysis of covariance."""
