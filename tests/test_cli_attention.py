"""`topbalance attention`: the times between two signs of presence, shown and changed within bounds. (Fault F-44.)"""

from __future__ import annotations

from click.testing import CliRunner

from tui.cli import cli
from tui.records import attention_times
from tui.records.places import home


def say(*words: str):
    return CliRunner().invoke(cli, ["attention", *words])


def test_f44_own_times_are_kept_shown_and_forgotten(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path))
    assert "every 10 min" in say().output and "responsibility" not in say().output
    changed = say("--knee", "15min")
    assert changed.exit_code == 0 and "every 15 min" in changed.output and "usual 10 min" in changed.output
    assert "your own responsibility" in changed.output
    say("--top", "4min")
    assert dict(attention_times.load(home())) == {"attention_knee_s": 900.0, "attention_top_s": 240.0}
    assert say("--usual").exit_code == 0
    assert attention_times.load(home()) == () and not attention_times.path(home()).exists()


def test_f44_beyond_the_range_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path))
    for words in (("--knee", "30min"), ("--top", "0"), ("--metered", "2h"), ("--knee", "5min", "--top", "9min")):
        refused = say(*words)
        assert refused.exit_code == 2, words
        assert attention_times.load(home()) == ()
    assert "never off" in say("--top", "0").output
    attention_times.path(home()).write_text("knee = 1e9")
    assert say("--usual").exit_code == 0, "the way back is open where the file is wrong"
