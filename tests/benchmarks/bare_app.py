"""The least that a Textual application can be: what the first paint is compared with."""

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Footer, Header


class Bare(App[None]):
    TITLE = "bare"
    BINDINGS = [Binding("q", "quit", "quit")]

    def compose(self) -> ComposeResult:
        yield Header()
        yield Footer()


if __name__ == "__main__":
    Bare().run()
