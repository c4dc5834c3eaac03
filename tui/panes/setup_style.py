"""How Setup is laid out: fields beside what follows from them where there is room, above it where there is not."""

from __future__ import annotations

SETUP_CSS = """
SetupPane { layout: vertical; height: 1fr; width: 1fr; }
SetupPane #setup-form { height: 1fr; layout: vertical; }
SetupPane #setup-top { height: auto; padding: 0 1; display: none; }
SetupPane.-refused #setup-top { color: $text-error; }
SetupPane #setup-body { height: 1fr; layout: vertical; }
SetupPane.-side #setup-body { layout: horizontal; }
SetupPane #setup-fields { height: 1fr; min-height: 5; width: 1fr; scrollbar-size-vertical: 1; padding-left: 1; }
SetupPane #setup-figures { height: 11; padding: 0 0 0 1; border-top: solid $foreground 20%; scrollbar-size-vertical: 1; }
SetupPane.-side #setup-figures, SetupPane.-side.-unread #setup-figures {
    border-top: none; border-left: solid $foreground 20%; height: 1fr; width: 41;
}
SetupPane .field-question { display: none; color: $text-muted; }
SetupPane.-first .field-question { display: block; }
SetupPane.-first .field-group { display: none; }
SetupPane.-first FieldRow.-later { display: none; }
SetupPane #setup-help { height: 3; padding: 0 1; color: $text-muted; }
SetupPane.-side #setup-help, SetupPane.-first.-side #setup-help { height: 1; }
SetupPane.-first #setup-figures { height: 7; }
SetupPane.-unread #setup-figures { height: 3; }
SetupPane.-first #setup-help { height: 2; }
SetupPane.-first.-side #setup-figures { height: 1fr; }
SetupPane Button { margin: 0 0 0 8; }
SetupPane PlanView { display: none; }
SetupPane.-side PlanView Vertical { layout: horizontal; }
SetupPane.-side PlanView Text { width: 1fr; margin: 0; }
SetupPane.-running PlanView { display: block; }
SetupPane.-running #setup-form { display: none; }
"""
