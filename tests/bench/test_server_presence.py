"""Screens that come and go are told to the session's record, and somebody may say from anywhere that he is there. (Faults F-31, F-44.)"""

from __future__ import annotations

import socket

from tests.bench.test_server import Raw, bench, one_bench, serve, wait_for
from tui.bench import codec
from tui.bench.messages import Alarm, Present, ScreenEvent
from tui.bench.remote import RemoteLink, ask

__all__ = ["bench", "one_bench", "serve"]  # fixtures


def events(bench) -> list[ScreenEvent]:
    return [told for told in bench.told if isinstance(told, ScreenEvent)]


def test_f31_the_last_screen_that_leaves_is_told_and_the_one_that_comes_back(serve, bench):
    served = serve()
    first, second = served.screen(), served.screen()
    second.close()
    wait_for(lambda: first.snapshot().screens == 1)
    assert events(bench) == [], "one of two that its user closed is nothing to tell"
    first.close()
    lost = wait_for(lambda: events(bench))[0]
    assert lost.kind == "link_lost" and "the last screen has left; the bench goes on alone" in lost.text and "closed" in lost.text
    served.screen()
    assert wait_for(lambda: events(bench)[1:])[0].kind == "link_back"


def test_f31_a_screen_that_a_signal_ends_is_told_though_another_looks_on(serve, bench, place):
    served = serve()
    first, second = served.screen(), served.screen()
    second.leaving("SIGTERM")
    second.close()
    lost = wait_for(lambda: events(bench))[0]
    assert lost.kind == "link_lost" and "(SIGTERM)" in lost.text and "alone" not in lost.text
    assert first.snapshot().keys


def test_f31_a_screen_whose_line_breaks_says_nothing_and_is_told_all_the_same(one_bench, bench, place):
    raw = one_bench.raw()
    raw.say("hello")
    raw.hear()
    raw.socket.shutdown(socket.SHUT_RDWR)
    assert "its line broke" in wait_for(lambda: events(bench))[0].text


def test_f31_what_a_screen_says_of_itself_is_kept_short_and_plain(one_bench, bench):
    raw = one_bench.raw()
    raw.say("hello")
    raw.hear()
    raw.say("leave", why="\x1b[2J" + "x" * 500)
    raw.socket.shutdown(socket.SHUT_RDWR)
    text = wait_for(lambda: events(bench))[0].text
    assert "\x1b" not in text and len(text) < 120


def test_f31_no_screen_can_say_it_for_the_bench(serve, bench):
    screen = serve().screen()
    refused = screen.send(ScreenEvent("link_back", "never happened"))
    assert not refused.ok and events(bench) == []


def test_f31_when_the_bench_ends_its_screens_are_not_called_lost(serve, bench):
    served = serve()
    served.screen()
    served.end()
    assert events(bench) == []


def test_f44_ack_from_anywhere_is_presence_and_tells_what_the_bench_does(one_bench, bench, place):
    bench.tick(attention_due_s=600.0, alarms=(Alarm(1, "warn", "near", "slightly over", "Trim it.", 0.0),))
    told = ask(place, "ack")
    assert Present() in bench.told
    assert told["ok"] and told["state"] == "charging" and told["output_on"] is True
    assert told["cells_v"] == {"value": 3.4, "trust": "measured", "age_s": 0.5}
    assert told["attention_due_s"] == 600.0
    assert told["alarms"] == [{"level": "warn", "title": "slightly over", "text": "Trim it."}]
    assert [event.kind for event in events(bench)] == ["ack"]


def test_f44_ack_is_understood_from_any_version_and_takes_no_keys(one_bench, bench, place):
    keys: RemoteLink = one_bench.screen()
    raw = Raw(place)
    raw.socket.sendall(codec.line({"v": 999, "id": 7, "ask": "ack"}))
    assert raw.hear()["ok"] is True
    assert Present() in bench.told
    assert keys.snapshot().keys
    raw.socket.shutdown(socket.SHUT_RDWR)
