"""What the board is told: scorecard, ratings, findings, what changed, as data. Page, slides and workbook render it."""
