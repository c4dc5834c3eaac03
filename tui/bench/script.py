"""The headless operator of the embedded bench: answers prompts with values read from the bench's meters, through the same Commands as a person.

It has no way past a gate: a refused answer ends its work. It is for emulators of ours only.
"""

from __future__ import annotations

from tui.bench.messages import GIVE_AGAIN, Acknowledge, Answer, Command, Present, Prompt, Snapshot, TakeRemedy


class ScriptStuck(Exception):
    """A gate refused what the script read from the meters; the text is the gate's."""


class Script:
    """Decides the next Command from a Snapshot, or None when nothing is asked.

    `wrong` replaces values by field name (tests of gates); without `remedies` a refusal that offers one ends its work like any other.
    """

    def __init__(self, wrong: dict[str, float | str] | None = None, *, remedies: bool = True) -> None:
        self.wrong, self.remedies = wrong or {}, remedies

    def next(self, snapshot: Snapshot) -> Command | None:
        if snapshot.call is not None and not snapshot.call.acknowledged:
            return Acknowledge(0)
        prompt = snapshot.prompt
        if prompt is not None:
            if prompt.remedy and self.remedies:
                return TakeRemedy(prompt.id)
            if prompt.refusal and not prompt.refusal.endswith(GIVE_AGAIN):
                raise ScriptStuck(prompt.refusal)
            return Answer(prompt.id, self.values(prompt))
        called = any(alarm.code == "attention-soon" for alarm in snapshot.alarms)
        if called or (snapshot.attention_due_s is not None and snapshot.attention_due_s <= 60.0):
            return Present()
        return None

    def values(self, prompt: Prompt) -> dict[str, float | str]:
        """One value for each field: what the meter shows there; of choices the first, which is the good one."""
        taken: dict[str, float | str] = {}
        for field in prompt.fields:
            if field.name in self.wrong:
                taken[field.name] = self.wrong[field.name]
            elif field.choices:
                taken[field.name] = field.choices[0]
            elif field.reading is not None:
                taken[field.name] = field.reading
            else:
                raise ScriptStuck(f"{field.label}: no meter of the bench reads this.")
        return taken
