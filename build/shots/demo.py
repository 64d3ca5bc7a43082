"""What the screenshots show: talks to the Sluice of a data folder, and gives
that folder an hour of made-up history.

    demo.py history HOME              write the hour before its start
    demo.py drop HOME FILE...         put files into the line
    demo.py wait HOME ended N         until N jobs have ended
    demo.py wait HOME running PERCENT until a job is so far
"""

import json
import math
import pathlib
import sqlite3
import sys
import time
import urllib.request

STEP_S = 10
HOUR_S = 3600
TOTAL = 19327352832  # an 18 GB Mac
PATIENCE_S = 300


def call(home, path, body=None):
    url = json.loads((home / "server.json").read_text())["url"]
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def until(what, found):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            got = found()
        except (OSError, ValueError):  # it has not started yet
            got = None
        if got:
            return got
        time.sleep(0.1)
    sys.exit(f"waited in vain: {what}")


def history(home):
    """Jobs come and go, the second lot when memory is short. It ends where the
    running Sluice has begun to look for itself."""
    now = int((home / "server.json").stat().st_mtime)
    rows = []
    for at in range(now - HOUR_S, now + 1, STEP_S):
        x = (at - now + HOUR_S) / HOUR_S  # 0 is an hour ago, 1 is now
        first, second, third = 0.12 < x < 0.34, 0.42 < x < 0.66, x > 0.88
        free = 50 + 4 * math.sin(9 * x) + 2 * math.sin(41 * x)
        free -= 12 * first + 16 * third
        free -= 38 * max(0, 1 - abs(x - 0.56) / 0.12)  # somebody opens something large
        free = max(6, round(free))
        level = "critical" if free < 12 else "warn" if free < 32 else "normal"
        running = int((first or second or third) and level != "critical")
        depth = (3 if x < 0.2 else 2 if x < 0.3 else 1) if first else 0
        depth = (4 if x < 0.5 else 3 if x < 0.6 else 1) if second else depth
        depth = 4 if third else depth
        rows.append((at * 1000, level, free, TOTAL * free // 100, depth, running, running * 940_000_000))
    with sqlite3.connect(home / "sluice.db") as db:
        db.execute("DELETE FROM samples WHERE at <= ?", (now * 1000,))  # of how the demo was made
        db.executemany(
            "INSERT OR REPLACE INTO samples (at, level, free_percent, available, depth, running, engine)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )


def wait(home, what, number):
    def far_enough():
        board = call(home, "/api/v1/board")
        if what == "ended":
            return len(board["last"]) >= number
        done = [100 * j["progress"]["fraction"] for j in board["running"] if j["stage"] == "transcribe" and "progress" in j]
        return max(done, default=0) >= number

    until(f"{what} {number}", far_enough)


def main(verb, home, *rest):
    home = pathlib.Path(home)
    if verb == "history":
        history(home)
    elif verb == "drop":
        until("Sluice answers", lambda: call(home, "/api/v1/board"))
        call(home, "/api/v1/drop", {"paths": [str(pathlib.Path(p).resolve()) for p in rest]})
    elif verb == "wait":
        wait(home, rest[0], int(rest[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
