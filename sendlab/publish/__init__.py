"""Published figures in, files out: HTML reports, the board page, the workbook. Nothing here takes anything else."""

from sendlab.publish.board_page import write_board_page
from sendlab.publish.files import FileInUse
from sendlab.publish.html import write_report
from sendlab.publish.workbook import write_workbook

__all__ = ["FileInUse", "write_board_page", "write_report", "write_workbook"]
