from __future__ import annotations

import asyncio
import concurrent.futures
import copyreg
import datetime as datetime_module
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_claude_sessions
from pytest_claude_sessions.clock import Clock, ClockInUse, ClockNotFrozen, NaiveInstant, UnknownTimezone

NOON = datetime(2030, 6, 1, 12, 0, 0, tzinfo=UTC)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
# The rules of New York, written out: no test depends on the machine's time zone data.
NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"
REAL_DATETIME, REAL_DATE = datetime_module.datetime, datetime_module.date
REAL_TIME = dict(vars(time))
CHECKOUT = str(Path(pytest_claude_sessions.__file__).parents[1])


@pytest.fixture
def clock() -> Iterator[Clock]:
    with Clock() as made:
        yield made


def run_python(program: str) -> str:
    path = os.pathsep.join(filter(None, [CHECKOUT, os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wall_times() -> list[float]:
    """The wall clock as the ways to read it show it, in µs."""
    return [
        time.time_ns() / 1000,
        round(time.time() * 1_000_000),
        round(datetime.now(UTC).timestamp() * 1_000_000),
        round(datetime.now().timestamp() * 1_000_000),
        round(datetime.now(timezone(timedelta(hours=-9, minutes=-30))).timestamp() * 1_000_000),
    ]


class TestFreezing:
    def test_all_wall_clocks_stand_at_the_instant(self, clock: Clock) -> None:
        clock.freeze(NOON)
        assert set(wall_times()) == {NOON.timestamp() * 1_000_000}
        assert clock.now() == datetime.now(UTC) == NOON
        assert time.gmtime()[:6] == (2030, 6, 1, 12, 0, 0)
        assert (date.today(), datetime.today().date()) == (datetime.now().date(), datetime.now().date())

    def test_without_an_instant_it_stops_at_the_present_in_whole_milliseconds(self, clock: Clock) -> None:
        before = time.time_ns()
        clock.freeze()
        assert time.time_ns() % 1_000_000 == 0
        assert 0 <= time.time_ns() - before < 3_600_000_000_000

    def test_now_of_a_clock_that_runs_is_real_and_aware(self, clock: Clock) -> None:
        before, now, after = time.time_ns() // 1000, clock.now(), time.time_ns() // 1000
        assert now.utcoffset() == timedelta(0)
        assert before <= (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) <= after
        assert not clock.frozen

    @pytest.mark.parametrize("verb", ["freeze", "move_to"])
    def test_naive_instants_are_refused_and_nothing_changes(self, clock: Clock, verb: str) -> None:
        clock.freeze(NOON)
        with pytest.raises(NaiveInstant, match="2031-01-01 00:00:00 has no time zone: add tzinfo="):
            getattr(clock, verb)(datetime(2031, 1, 1))
        assert time.time() == NOON.timestamp()
        with pytest.raises(TypeError, match="not str \\('2031-01-01'\\)"):
            getattr(clock, verb)("2031-01-01")

    def test_other_zones_are_taken_for_the_instant_they_name(self, clock: Clock) -> None:
        clock.freeze(datetime(2030, 6, 1, 22, 0, tzinfo=timezone(timedelta(hours=10))))
        assert clock.now() == NOON
        assert clock.now().utcoffset() == timedelta(0)

    def test_a_clock_that_runs_cannot_be_moved(self, clock: Clock) -> None:
        with pytest.raises(ClockNotFrozen, match="call freeze"):
            clock.advance(seconds=1)
        with pytest.raises(ClockNotFrozen, match="move_to"):
            clock.move_to(NOON)

    def test_a_freeze_of_somebody_else_is_named(self, clock: Clock) -> None:
        from freezegun import freeze_time

        with freeze_time("2030-01-01"), pytest.raises(ClockInUse, match="frozen the time already"):
            clock.freeze(NOON)
        assert datetime_module.datetime is REAL_DATETIME
        clock.freeze(NOON)
        assert time.time() == NOON.timestamp()

    def test_a_freezegun_freeze_under_the_clock_works_and_may_stay_open(self, clock: Clock) -> None:
        from freezegun import freeze_time

        clock.freeze(NOON)
        with freeze_time("2031-01-01 00:00:00"):
            assert datetime.now(UTC) == datetime(2031, 1, 1, tzinfo=UTC)
        assert time.time() == NOON.timestamp()
        freeze_time("2031-01-01").start()
        clock.release()
        assert datetime_module.datetime is REAL_DATETIME
        assert time.time is REAL_TIME["time"]


class TestMoving:
    def test_advance_adds_up_its_parts(self, clock: Clock) -> None:
        clock.freeze(NOON)
        clock.advance(timedelta(days=1), days=1, hours=2, minutes=3, seconds=4, milliseconds=5)
        expected = NOON + timedelta(days=2, hours=2, minutes=3, seconds=4, milliseconds=5)
        assert clock.now() == datetime.now(UTC) == expected

    def test_it_moves_backwards(self, clock: Clock) -> None:
        clock.freeze(NOON)
        clock.move_to(LONG_AGO)
        assert time.time() == LONG_AGO.timestamp()
        clock.advance(hours=-1)
        assert datetime.now(UTC) == LONG_AGO - timedelta(hours=1)

    def test_a_day_of_milliseconds_is_exact(self, clock: Clock) -> None:
        clock.freeze(NOON)
        for _ in range(1000):
            clock.advance(milliseconds=1)
        assert clock.now() == NOON + timedelta(seconds=1)
        clock.advance(hours=24, seconds=-1, milliseconds=-1)
        assert time.time_ns() == (int(NOON.timestamp()) + 86_400) * 10**9 - 1_000_000

    def test_a_move_does_not_scan_the_modules(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        from freezegun import api

        clock.freeze(NOON)
        scanned: list[object] = []

        def scan(module: object) -> list[tuple[str, object]]:
            scanned.append(module)
            return []

        monkeypatch.setattr(api, "_get_cached_module_attributes", scan)
        clock.move_to(LONG_AGO)
        clock.advance(seconds=1)
        clock.freeze(NOON)
        assert scanned == []

    @given(
        # Seconds and ms as floats agree exactly from November 2004 to January 2038, for real time too.
        us=st.integers(1_104_537_600_000_000, 2_145_916_800_000_000),
    )
    def test_every_reading_agrees_to_the_microsecond(self, us: int) -> None:
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
        with Clock() as clock, clock.freeze(instant):
            assert wall_times() == [us] * 5
            assert int(time.time() * 1000) == us // 1000
            assert time.time() == datetime.now(UTC).timestamp() == datetime.now().timestamp()
            assert datetime.fromtimestamp(time.time(), UTC) == instant == clock.now()


class TestNesting:
    def test_contexts_bring_back_what_was_before(self, clock: Clock) -> None:
        with clock.freeze(NOON):
            clock.advance(hours=1)
            with clock.freeze(LONG_AGO) as same:
                assert same is clock
                assert time.time() == LONG_AGO.timestamp()
                clock.advance(seconds=9)
            assert datetime.now(UTC) == NOON + timedelta(hours=1)
        assert not clock.frozen
        assert time.time is REAL_TIME["time"]

    def test_a_second_freeze_is_ended_by_one_release(self, clock: Clock) -> None:
        clock.freeze(NOON)
        clock.freeze(LONG_AGO)
        clock.release()
        clock.release()
        assert datetime_module.datetime is REAL_DATETIME

    def test_it_can_be_used_again(self, clock: Clock) -> None:
        for instant in (NOON, LONG_AGO):
            clock.freeze(instant)
            assert datetime.now(UTC) == instant
            clock.stop()
            assert datetime_module.datetime is REAL_DATETIME

    @pytest.mark.parametrize("first_to_end", [0, 1])
    def test_two_clocks_may_end_in_either_order(self, first_to_end: int) -> None:
        clocks = [Clock(), Clock()]
        clocks[0].freeze(NOON)
        clocks[1].freeze(LONG_AGO)
        assert time.time() == LONG_AGO.timestamp()
        clocks[first_to_end].release()
        clocks[1 - first_to_end].advance(seconds=1)
        assert clocks[1 - first_to_end].now() == datetime.now(UTC)
        clocks[1 - first_to_end].release()
        assert datetime_module.datetime is REAL_DATETIME
        assert time.time is REAL_TIME["time"]

    def test_the_clock_frozen_last_shows(self) -> None:
        with Clock() as below, Clock() as above:
            below.freeze(NOON)
            above.freeze(LONG_AGO)
            below.advance(hours=1)
            assert (time.time(), below.now()) == (LONG_AGO.timestamp(), NOON + timedelta(hours=1))
            below.freeze(NOON)
            assert time.time() == NOON.timestamp()


class TestRunningOn:
    def test_monotonic_clocks_are_the_real_ones(self, clock: Clock) -> None:
        clock.freeze(LONG_AGO)
        for name in ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"):
            assert getattr(time, name) is REAL_TIME[name]
        before = time.monotonic_ns()
        while time.monotonic_ns() == before:
            pass
        assert time.time() == LONG_AGO.timestamp()

    def test_asyncio_waits_and_times_out(self, clock: Clock) -> None:
        async def waits() -> float:
            await asyncio.sleep(0.001)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.001)
            return await asyncio.to_thread(time.time)

        clock.freeze(NOON)
        assert asyncio.run(waits()) == NOON.timestamp()

    def test_threads_wait_and_time_out(self, clock: Clock) -> None:
        clock.freeze(NOON)
        assert not threading.Event().wait(0.001)
        condition = threading.Condition()
        with condition:
            assert not condition.wait(0.001)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            gate = threading.Event()
            future = pool.submit(gate.wait)
            with pytest.raises(concurrent.futures.TimeoutError):
                future.result(timeout=0.001)
            gate.set()

    def test_subprocess_time_outs_end(self, clock: Clock) -> None:
        clock.freeze(NOON)
        endless = [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"]
        with subprocess.Popen(endless, stdin=subprocess.PIPE) as child:
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(timeout=0.001)
            child.kill()

    def test_threads_started_while_frozen_see_frozen_time(self, clock: Clock) -> None:
        clock.freeze(NOON)
        seen: list[list[float]] = []
        thread = threading.Thread(target=lambda: seen.append(wall_times()))
        thread.start()
        thread.join()
        direct: list[float] = []
        timer = threading.Timer(0.001, lambda: direct.append(time.time()))
        timer.start()
        timer.join()
        assert seen == [[NOON.timestamp() * 1_000_000] * 5]
        assert direct == [NOON.timestamp()]

    def test_uuid1_carries_the_frozen_time_and_stays_unique(self, clock: Clock) -> None:
        clock.freeze(NOON)
        made = [uuid.uuid1() for _ in range(100)]
        assert len(set(made)) == 100
        hundred_ns_since_1582 = made[0].time - 0x01B21DD213814000
        assert hundred_ns_since_1582 == int(NOON.timestamp()) * 10_000_000
        clock.release()
        assert abs((uuid.uuid1().time - 0x01B21DD213814000) / 1e7 - time.time()) < 86_400


class TestRestoring:
    def test_modules_are_as_they_were(self) -> None:
        import email.utils
        import logging

        def state() -> list[dict[str, object]]:
            return [dict(vars(module)) for module in (time, uuid, logging, email.utils, datetime_module)] + [
                {"copyreg": dict(copyreg.dispatch_table)},
                {"loop": asyncio.SelectorEventLoop.time},
            ]

        from freezegun import api

        before = state()
        own = (dict(vars(api)), dict(vars(api.FakeDatetime)), dict(vars(api.FakeDate)))
        with Clock() as clock:
            clock.freeze(NOON)
            assert state() != before
            clock.advance(hours=1)
        assert state() == before
        assert (dict(vars(api)), dict(vars(api.FakeDatetime)), dict(vars(api.FakeDate))) == own
        assert time.time is REAL_TIME["time"]
        assert datetime is REAL_DATETIME

    def test_no_names_are_left_behind(self) -> None:
        program = """
            import time, uuid, datetime
            from pytest_claude_sessions.clock import Clock
            before = set(vars(time)), set(vars(uuid))
            clock = Clock()
            clock.freeze(datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC))
            clock.release()
            print((set(vars(time)), set(vars(uuid))) == before)
        """
        assert run_python(textwrap.dedent(program)) == "True\n"

    def test_modules_imported_while_frozen_get_the_real_ones(self, clock: Clock, tmp_path: Path) -> None:
        source = "from datetime import datetime, date\nfrom time import time, time_ns\n"
        (tmp_path / "late_one.py").write_text(source)
        clock.freeze(NOON)
        sys.path.insert(0, str(tmp_path))
        try:
            import late_one  # type: ignore[import-not-found]  # the test wrote it a moment ago
        finally:
            sys.path.remove(str(tmp_path))
            del sys.modules["late_one"]
        sys.modules["late_one"] = late_one
        try:
            assert late_one.time() == NOON.timestamp()
            clock.release()
            assert (late_one.datetime, late_one.date) == (REAL_DATETIME, REAL_DATE)
            assert (late_one.time, late_one.time_ns) == (REAL_TIME["time"], REAL_TIME["time_ns"])
        finally:
            del sys.modules["late_one"]

    def test_lazy_packages_stay_unloaded(self, clock: Clock, tmp_path: Path) -> None:
        source = """
            loaded = []
            def __dir__(): return ["heavy"]
            def __getattr__(name):
                loaded.append(name)
                return name
        """
        (tmp_path / "lazy_one.py").write_text(textwrap.dedent(source))
        (tmp_path / "lazy_two.py").write_text(textwrap.dedent(source))
        sys.path.insert(0, str(tmp_path))
        try:
            import lazy_one  # type: ignore[import-not-found]  # the test wrote it a moment ago

            clock.freeze(NOON)
            import lazy_two  # type: ignore[import-not-found]  # the test wrote it a moment ago

            clock.release()
            assert "heavy" not in lazy_one.loaded + lazy_two.loaded
        finally:
            sys.path.remove(str(tmp_path))
            sys.modules.pop("lazy_one", None)
            sys.modules.pop("lazy_two", None)

    def test_a_failing_test_body_still_gives_time_back(self) -> None:
        def body() -> None:
            with Clock() as clock:
                clock.freeze(NOON)
                clock.timezone(NEW_YORK)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            body()
        assert datetime_module.datetime is REAL_DATETIME
        assert time.time is REAL_TIME["time"]


class TestListeners:
    def test_each_change_is_told_and_the_release_with_none(self, clock: Clock) -> None:
        heard: list[datetime | None] = []
        clock.on_change(heard.append)
        clock.freeze(NOON)
        clock.advance(milliseconds=1)
        clock.move_to(LONG_AGO)
        clock.release()
        clock.release()
        assert heard == [NOON, NOON + timedelta(milliseconds=1), LONG_AGO, None]
        assert heard[0] is not None
        assert heard[0].utcoffset() == timedelta(0)

    def test_a_late_listener_is_brought_up_to_date(self, clock: Clock) -> None:
        clock.freeze(NOON)
        heard: list[datetime | None] = []
        end = clock.on_change(heard.append)
        end()
        end()
        clock.advance(hours=1)
        assert heard == [NOON]

    def test_leaving_a_level_tells_the_instant_below(self, clock: Clock) -> None:
        heard: list[datetime | None] = []
        clock.on_change(heard.append)
        with clock.freeze(NOON), clock.freeze(LONG_AGO):
            pass
        assert heard == [NOON, LONG_AGO, NOON, None]

    def test_an_error_in_a_listener_stops_neither_the_others_nor_the_release(self, clock: Clock) -> None:
        heard: list[datetime | None] = []

        def breaks(instant: datetime | None) -> None:
            if instant is None:
                raise OSError("disk full")

        clock.on_change(breaks)
        clock.on_change(heard.append)
        clock.freeze(NOON)
        with pytest.raises(OSError, match="disk full"):
            clock.release()
        assert heard == [NOON, None]
        assert datetime_module.datetime is REAL_DATETIME

    def test_utime_stamps_files_with_the_instant_shown(self, clock: Clock, tmp_path: Path) -> None:
        clock.freeze(NOON + timedelta(microseconds=123_457))
        file = tmp_path / "transcript.jsonl"
        file.touch()
        clock.utime(file, tmp_path)
        assert file.stat().st_mtime_ns == tmp_path.stat().st_mtime_ns == time.time_ns()
        assert file.stat().st_atime_ns == time.time_ns()


class TestTimezone:
    def test_local_time_follows_the_zone_and_its_summer_time(self, clock: Clock) -> None:
        clock.timezone(NEW_YORK)
        for instant, hour, summer in ((NOON, 8, 1), (NOON.replace(month=12), 7, 0)):
            clock.freeze(instant)
            assert (time.localtime().tm_hour, time.localtime().tm_isdst) == (hour, summer)
            assert time.strftime("%H") == f"{hour:02}"
            assert datetime.now() == datetime(instant.year, instant.month, 1, hour)
            assert datetime.now().astimezone() == instant
            assert type(datetime.now().astimezone().tzinfo) is timezone
            assert datetime.fromtimestamp(time.time()) == datetime.now()
            assert datetime.now().timestamp() == time.time()
            assert datetime.now(UTC) == instant

    def test_the_date_is_the_local_one(self, clock: Clock) -> None:
        clock.timezone("XXX-14")
        clock.freeze(NOON)
        assert date.today() == datetime.today().date() == date(2030, 6, 2)

    def test_the_hour_that_comes_twice_keeps_its_two_instants(self, clock: Clock) -> None:
        clock.timezone(NEW_YORK)
        first = datetime(2030, 11, 3, 5, 30, tzinfo=UTC)  # 01:30 summer time
        for instant, fold in ((first, 0), (first + timedelta(hours=1), 1)):
            clock.freeze(instant)
            local = datetime.now()
            assert (local.hour, local.minute, local.fold) == (1, 30, fold)
            assert local.timestamp() == instant.timestamp()

    def test_zones_of_datetimes_keep_the_fold_too(self, clock: Clock) -> None:
        zoneinfo = pytest.importorskip("zoneinfo")
        try:
            zone = zoneinfo.ZoneInfo("America/New_York")
        except zoneinfo.ZoneInfoNotFoundError:
            pytest.skip("no time zone data on this machine")
        instant = datetime(2030, 11, 3, 6, 30, tzinfo=UTC)
        clock.freeze(instant)
        assert (datetime.now(zone).fold, datetime.now(zone).astimezone(UTC)) == (1, instant)

    def test_a_frozen_offset_does_not_shift_aware_times(self, clock: Clock) -> None:
        clock.timezone("XXX-05:45")
        clock.freeze(NOON)
        assert datetime.now(timezone(timedelta(hours=1))).isoformat() == "2030-06-01T13:00:00+01:00"

    @pytest.mark.parametrize("before", [None, "XXX-3"])
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_what_was_set_comes_back(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch, before: str | None, order: tuple[int, int]
    ) -> None:
        if before is None:
            monkeypatch.delenv("TZ", raising=False)
        else:
            monkeypatch.setenv("TZ", before)
        time.tzset()
        offset = time.timezone
        try:
            contexts = [clock.timezone(NEW_YORK), clock.timezone("YYY2")]
            assert (os.environ["TZ"], time.timezone) == ("YYY2", 7200)
            for number in order:
                contexts[number].close()
            clock.release()
            assert (os.environ.get("TZ"), time.timezone) == (before, offset)
        finally:
            monkeypatch.undo()
            time.tzset()

    def test_a_context_ends_by_itself(self, clock: Clock) -> None:
        before = (os.environ.get("TZ"), time.timezone)
        with clock.timezone("YYY2"):
            assert time.timezone == 7200
        assert (os.environ.get("TZ"), time.timezone) == before

    def test_children_get_the_zone(self, clock: Clock) -> None:
        clock.timezone("YYY2")
        assert run_python("import time; print(time.timezone)") == "7200\n"

    @pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York"])
    def test_names_of_the_data_base(self, clock: Clock, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        import zoneinfo

        if name not in zoneinfo.available_timezones():
            pytest.skip("no time zone data on this machine")
        clock.freeze(NOON)
        clock.timezone(name)
        assert datetime.now().hour == NOON.astimezone(zoneinfo.ZoneInfo(name)).hour

    def test_the_tzdata_package_serves_where_the_system_has_none(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytest.importorskip("tzdata", reason="the package tzdata is not installed")
        monkeypatch.setattr("zoneinfo.TZPATH", ())
        clock.freeze(NOON)
        clock.timezone("Asia/Kathmandu")
        assert (datetime.now().hour, datetime.now().minute) == (17, 45)

    @pytest.mark.parametrize("name", ["Europe/Atlantis", "", "/etc/passwd", "../zoneinfo/UTC"])
    def test_unknown_zones_are_refused(self, clock: Clock, name: str) -> None:
        before = os.environ.get("TZ")
        with pytest.raises(UnknownTimezone, match="no time zone"):
            clock.timezone(name)
        assert os.environ.get("TZ") == before


class TestPytestItself:
    SOURCE = """
        from datetime import datetime, UTC
        import pytest
        from pytest_claude_sessions.clock import Clock

        @pytest.fixture
        def clock():
            with Clock() as clock:
                clock.freeze(datetime(1990, 1, 1, tzinfo=UTC))
                yield clock

        def test_one(clock):
            clock.advance(days=40_000)

        def test_two(clock):
            assert datetime.now(UTC).year == 1990

        def test_left_frozen():
            Clock().freeze(datetime(2099, 1, 1, tzinfo=UTC))
    """

    def test_durations_and_junit_times_stay_real(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(self.SOURCE)
        pytester.makeconftest("""
            def pytest_runtest_logreport(report):
                with open("reports.txt", "a") as file:
                    print(report.start, report.stop, file=file)
        """)
        started = datetime.now(UTC)
        result = pytester.runpytest_subprocess("--durations=0", "-vv", "--junitxml=junit.xml")
        result.assert_outcomes(passed=3)
        found = [re.match(r"(-?[\d.]+)s (?:setup|call|teardown) ", line) for line in result.outlines]
        durations = [float(match[1]) for match in found if match]
        assert len(durations) == 9
        assert all(0 <= seconds < 3600 for seconds in durations)
        suite = ElementTree.parse(pytester.path / "junit.xml").getroot()[0]
        assert [0 <= float(case.get("time", "nan")) < 3600 for case in suite] == [True] * 3
        assert 0 <= float(suite.get("time", "nan")) < 3600
        stamped = datetime.fromisoformat(suite.get("timestamp", ""))
        assert abs(stamped.astimezone(UTC) - started) < timedelta(hours=1)
        reported = [float(word) for word in (pytester.path / "reports.txt").read_text().split()]
        assert len(reported) == 18
        assert all(abs(seconds - started.timestamp()) < 3600 for seconds in reported)

    def test_nothing_heavy_is_imported_before_the_first_freeze(self) -> None:
        program = (
            "import sys, pytest_claude_sessions.clock as c; c.Clock().release();"
            "print([m for m in ('freezegun', 'dateutil', 'asyncio', 'zoneinfo') if m in sys.modules])"
        )
        assert run_python(program) == "[]\n"
