"""A small window in the corner of the screen that files can be dragged from.

Its arguments are the files and folders. It says on a line of its own what
happens: "ready X Y" (where to take hold), "dragging", "welcome" (the window
below would take them), and in the end "dropped" or "refused WHY".
"""

import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402 - versions come first

WIDTH, HEIGHT = 80, 40
LOOK_MS = 20


def say(*words):
    print(*words, flush=True)


class Source(Gtk.Window):
    def __init__(self, paths):
        # A popup is placed by nobody but us, and lies above other windows.
        super().__init__(type=Gtk.WindowType.POPUP)
        self.uris = [GLib.filename_to_uri(path) for path in paths]
        self.refused = False
        self.set_default_size(WIDTH, HEIGHT)
        self.move(0, 0)
        box = Gtk.EventBox()
        box.add(Gtk.Label(label="files"))
        box.drag_source_set(
            Gdk.ModifierType.BUTTON1_MASK,
            [Gtk.TargetEntry.new("text/uri-list", 0, 0)],
            Gdk.DragAction.COPY,
        )
        box.connect("drag-begin", self.begun)
        box.connect("drag-data-get", self.give)
        box.connect("drag-failed", self.failed)
        box.connect("drag-end", self.ended)
        self.add(box)
        self.connect("map-event", lambda *_: say("ready", WIDTH // 2, HEIGHT // 2))
        self.show_all()

    def begun(self, _box, context):
        self.refused = False
        say("dragging")

        def look():
            if context.get_selected_action() != Gdk.DragAction.COPY:
                return GLib.SOURCE_CONTINUE
            say("welcome")
            return GLib.SOURCE_REMOVE

        self.looking = GLib.timeout_add(LOOK_MS, look)

    def give(self, _box, _context, data, _info, _time):
        data.set_uris(self.uris)

    def failed(self, _box, _context, result):
        self.refused = True
        say("refused", result.value_nick)
        return True  # no animation back to us

    def ended(self, *_):
        if not self.refused:
            say("dropped")


if __name__ == "__main__":
    Source(sys.argv[1:])
    Gtk.main()
