"""Is the time of the user's own hardware told as it was, and never a cost that is not known?"""

from __future__ import annotations

from codesession.model import HardwareTotals
from codesession.report.hardware import cost_text, hardware_rows, hardware_text, time_text

GPU = HardwareTotals("local-gpu", 3, 720_500, 14_000_000)
FREE = HardwareTotals("free", 1, 2000, 0)
UNKNOWN = HardwareTotals("", 2, 180_000, 0)
SAID = HardwareTotals("", 2, 180_000, 500_000_000)


def test_programs_are_told_seconds_and_dollars_and_null_for_what_is_not_known() -> None:
    assert hardware_rows([GPU, FREE, UNKNOWN, SAID]) == [
        {"hardware": "local-gpu", "calls": 3, "seconds": 720.5, "cost": 0.014},
        {"hardware": "free", "calls": 1, "seconds": 2, "cost": 0.0},
        {"hardware": None, "calls": 2, "seconds": 180, "cost": None},
        {"hardware": None, "calls": 2, "seconds": 180, "cost": 0.5},
    ]
    assert hardware_rows([]) == []


def test_people_are_told_it_in_a_line() -> None:
    assert hardware_text([GPU]) == "12m on local-gpu, $0.014"
    assert hardware_text([GPU, UNKNOWN]) == "12m on local-gpu, $0.014; 3m on hardware without an hourly rate"
    assert hardware_text([SAID]) == "3m on hardware without an hourly rate, $0.50"
    assert hardware_text([]) == ""


def test_short_times_have_a_tenth_of_a_second() -> None:
    times = [(0, "0.0s"), (250, "0.2s"), (9_949, "9.9s"), (10_000, "10s"), (3_600_000, "1h 0m")]
    assert [(ms, time_text(HardwareTotals("x", 1, ms, 0))) for ms, _ in times] == times


def test_in_a_table_what_is_not_known_is_a_dash() -> None:
    assert [cost_text(worked) for worked in (GPU, FREE, UNKNOWN, SAID)] == ["$0.014", "$0.00", "-", "$0.50"]
