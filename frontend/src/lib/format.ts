// Numbers for people, in the page's language. Nothing here asks the browser's
// locale: a page in Korean on an English system would get a mixture.
import { language } from "./words/words.svelte";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** bytes says a size in decimal units, with the same rounding as the server: 6.9 GB. */
export function bytes(n: number): string {
  if (n < 0) return "-" + bytes(-n);
  if (n < 1e3) return `${Math.round(n)} B`;
  if (n < 1e6 - 500) return `${(n / 1e3).toFixed(0)} kB`;
  if (n < 1e9 - 5e5) return `${(n / 1e6).toFixed(0)} MB`;
  if (n < 1e12 - 5e7) return `${(n / 1e9).toFixed(1)} GB`;
  return `${(n / 1e12).toFixed(1)} TB`;
}

/** percent says a share: 42%. It says 100% only when nothing is left. */
export function percent(fraction: number): string {
  const whole = Math.round(Math.min(1, Math.max(0, fraction)) * 100);
  return `${whole === 100 && fraction < 1 ? 99 : whole}%`;
}

/** clockTime says a place in a recording: 0:07, 12:30, 1:02:05. */
export function clockTime(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const seconds = two(s % 60);
  if (s < hour) return `${Math.floor(s / minute)}:${seconds}`;
  return `${Math.floor(s / hour)}:${two(Math.floor(s / minute) % 60)}:${seconds}`;
}

/** lasting says how long something takes: 40 s, 12 min, 1 h 5 min. */
export function lasting(seconds: number): string {
  const ko = language.code === "ko";
  const s = Math.max(0, Math.round(seconds));
  if (s < minute) return ko ? `${s}초` : `${s} s`;
  const m = Math.round(s / minute);
  if (m < 60) return ko ? `${m}분` : `${m} min`;
  const h = Math.floor(m / 60);
  const rest = m % 60;
  if (h < 24) {
    if (rest === 0) return ko ? `${h}시간` : `${h} h`;
    return ko ? `${h}시간 ${rest}분` : `${h} h ${rest} min`;
  }
  const d = Math.floor(h / 24);
  const hours = h % 24;
  if (hours === 0) return ko ? `${d}일` : `${d} d`;
  return ko ? `${d}일 ${hours}시간` : `${d} d ${hours} h`;
}

/** about says an estimate, no finer than anybody can know: about 12 min. */
export function about(seconds: number): string {
  const ko = language.code === "ko";
  if (seconds < 10) return ko ? "몇 초" : "a few seconds";
  const rounded = seconds < minute ? Math.round(seconds / 10) * 10 : seconds;
  return ko ? `약 ${lasting(rounded)}` : `about ${lasting(rounded)}`;
}

/** doneAbout says when that will be: done about 10:24. */
export function doneAbout(at: number, now = Date.now()): string {
  const when = dayTime(at, now);
  return language.code === "ko" ? `${when}쯤 완료` : `done about ${when}`;
}

/** timeOfDay says 10:24. */
export function timeOfDay(at: number): string {
  const d = new Date(at);
  return `${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** dayTime says a time of day, with the day when it is not today. */
export function dayTime(at: number, now = Date.now()): string {
  const time = timeOfDay(at);
  const days = dayNumber(at) - dayNumber(now);
  const ko = language.code === "ko";
  if (days === 0) return time;
  if (days === 1) return ko ? `내일 ${time}` : `tomorrow ${time}`;
  if (days === -1) return ko ? `어제 ${time}` : `yesterday ${time}`;
  return absolute(at);
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** absolute says the whole date: 22 Nov 2026, 10:24. */
export function absolute(at: number): string {
  const d = new Date(at);
  if (language.code === "ko") {
    return `${d.getFullYear()}년 ${d.getMonth() + 1}월 ${d.getDate()}일 ${timeOfDay(at)}`;
  }
  return `${d.getDate()} ${months[d.getMonth()]} ${d.getFullYear()}, ${timeOfDay(at)}`;
}

/** relative says how long ago something was: just now, 5 min ago, yesterday 10:24. */
export function relative(at: number, now = Date.now()): string {
  const s = Math.round((now - at) / 1000);
  const ko = language.code === "ko";
  if (s < 45) return ko ? "방금" : "just now";
  if (s < hour - minute / 2) return ko ? `${lasting(s)} 전` : `${lasting(s)} ago`;
  if (s < 6 * hour) {
    const h = Math.round(s / hour);
    return ko ? `${h}시간 전` : `${h} h ago`;
  }
  if (s < 2 * day) return dayTime(at, now);
  return absolute(at);
}

function dayNumber(at: number): number {
  const d = new Date(at);
  return Math.round(Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / 86_400_000);
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
