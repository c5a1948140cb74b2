"""A reader with a folder of reports and the public rules: reads every claim about a figure, and judges what it tells.

`reading.read_folder` reads, `rows.as_published_rows` lays claims out as measure rows, `judge.judge` says what a folder
gives away. Nothing here sees the table that the files were made from.
"""
