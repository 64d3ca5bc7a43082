import { beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../src/lib/api/client";
import { Player, type Media } from "../src/views/job/player.svelte";

const lines = [{ start_ms: 1000 }, { start_ms: 4000 }, { start_ms: 9000 }];

/** Sound plays what a page's element does. */
class Sound implements Media {
  currentTime = 0;
  duration = 60;
  paused = true;
  playbackRate = 1;
  readyState = 0;
  load(): void {}
  play(): Promise<void> {
    this.paused = false;
    return Promise.resolve();
  }
  pause(): void {
    this.paused = true;
  }
}

function made(problem?: Problem) {
  const asked = vi.fn(async () => `/media?${asked.mock.calls.length}`);
  const player = new Player("a", () => lines, { address: asked, problem: async () => problem });
  const sound = new Sound();
  const detach = player.attach(sound);
  const known = () => {
    sound.readyState = 1;
    player.ready(false);
    player.moved();
  };
  return { player, sound, asked, detach, known };
}

beforeEach(() => localStorage.clear());

describe("the player", () => {
  it("asks for the recording only when somebody wants to hear it, and begins there", async () => {
    const { player, sound, asked, known } = made();
    expect([player.line, asked.mock.calls.length]).toEqual([-1, 0]);
    await player.begin(4000);
    expect([player.open, player.address, sound.paused]).toEqual([true, "/media?1", true]);
    known();
    expect([sound.currentTime, sound.paused, player.playing, player.length]).toEqual([
      4,
      false,
      true,
      60_000,
    ]);
    expect(player.line).toBe(1);
  });

  it("knows which line is heard", async () => {
    const { player, sound, known } = made();
    await player.begin();
    known();
    const at = (s: number) => {
      sound.currentTime = s;
      player.moved();
      return player.line;
    };
    expect([0.5, 1, 3.9, 4, 9, 50].map(at)).toEqual([-1, 0, 0, 1, 2, 2]);
    player.close();
    expect([player.line, sound.paused]).toEqual([-1, true]);
  });

  it("goes ten seconds forward and back, and not beyond the ends", async () => {
    const { player, sound, known } = made();
    await player.begin();
    known();
    player.skip(1);
    expect(sound.currentTime).toBe(10);
    player.skip(-1);
    player.skip(-1);
    expect(sound.currentTime).toBe(0);
    player.seek(59_000);
    player.skip(1);
    expect(sound.currentTime).toBe(60);
  });

  it("stays where it is when it is closed, and follows again when a place is chosen", async () => {
    const { player, known } = made();
    player.seek(4000);
    expect(player.at).toBe(0);
    await player.begin();
    known();
    player.following = false;
    player.seek(4000);
    expect(player.following).toBe(true);
    await player.toggle();
    player.moved();
    expect(player.playing).toBe(false);
  });

  it("remembers the speed, and keeps it with another file", async () => {
    const { player, sound, known } = made();
    player.setRate(1.5);
    sound.playbackRate = 1; // a new file begins at its own
    await player.begin();
    known();
    expect(sound.playbackRate).toBe(1.5);
    expect(made().player.rate).toBe(1.5);
    localStorage.setItem("sluice.player.rate", "77");
    expect(made().player.rate).toBe(1);
  });

  it("says why the file is not given, or that its format is foreign, and tries again from there", async () => {
    const gone = new Problem({ code: "source_missing", detail: "It is gone.", status: 404 });
    const { player, sound, asked, known } = made(gone);
    await player.begin();
    known();
    sound.currentTime = 7;
    player.moved();
    await player.failed();
    expect([player.trouble, player.playing]).toEqual([gone, false]);
    await player.toggle();
    expect([player.trouble, asked.mock.calls.length]).toEqual([undefined, 2]);
    known();
    expect(sound.currentTime).toBe(7);

    const foreign = made();
    await foreign.player.begin();
    await foreign.player.failed();
    expect(foreign.player.trouble).toBe("format");
  });

  it("asks for a new address when the old one may have grown old", async () => {
    vi.useFakeTimers();
    const { player, asked, known } = made();
    await player.begin();
    known();
    vi.advanceTimersByTime(5 * 3600_000);
    await player.failed();
    expect([player.trouble, player.address]).toEqual([undefined, "/media?2"]);
    await player.failed();
    expect([player.trouble, asked.mock.calls.length]).toEqual(["format", 2]);
    vi.useRealTimers();
  });

  it("says it when there is no address at all, and is still when its element goes", async () => {
    const away = new Problem({ code: "server_away", detail: "Nobody answers." });
    const player = new Player("a", () => lines, {
      address: () => Promise.reject(away),
      problem: async () => undefined,
    });
    await player.begin();
    expect(player.trouble).toBe(away);

    const { sound, detach, player: other, known } = made();
    await other.begin();
    known();
    detach();
    expect(sound.paused).toBe(true);
    other.moved();
    await other.toggle();
  });
});
