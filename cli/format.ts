/** Numbers, durations and names as people read them, the same in every locale, and harmless on a terminal. */

/** `1234567.4` as `1,234,567`; at most `digits` after the point, and no trailing zeros. */
export const number = (value: number, digits = 0): string => {
  const [whole = "0", fraction] = Math.abs(value).toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const rest = fraction?.replace(/0+$/, "") ?? "";
  const sign = value < 0 && Number(`${whole}.${rest}`) !== 0 ? "-" : "";
  return `${sign}${grouped}${rest === "" ? "" : `.${rest}`}`;
};

/** `3 requests`, `1 request`. */
export const count = (value: number, one: string, many = `${one}s`): string =>
  `${number(value)} ${value === 1 ? one : many}`;

/** A span: `2 d 4 h`, `1 h 12 min`, `3 min 20 s`, `12 s`, `0.4 s`. */
export const duration = (seconds: number): string => {
  if (seconds < 10) return `${number(seconds, 1)} s`;
  const [d, h, m, s] = parts(Math.round(seconds));
  if (d > 0) return h > 0 ? `${d} d ${h} h` : `${d} d`;
  if (h > 0) return m > 0 ? `${h} h ${m} min` : `${h} h`;
  if (m > 0) return s > 0 ? `${m} min ${s} s` : `${m} min`;
  return `${s} s`;
};

/** A point of virtual time since the start: `2d 03:14:07`. */
export const moment = (seconds: number): string => {
  const [d, h, m, s] = parts(Math.floor(seconds));
  return `${d}d ${two(h)}:${two(m)}:${two(s)}`;
};

const two = (value: number): string => String(value).padStart(2, "0");

const parts = (seconds: number): [number, number, number, number] => [
  Math.floor(seconds / 86_400),
  Math.floor((seconds % 86_400) / 3_600),
  Math.floor((seconds % 3_600) / 60),
  Math.floor(seconds % 60),
];

export const percent = (share: number, digits = 1): string => `${number(share * 100, digits)} %`;

/** Control characters, escape sequences and marks that turn the direction of writing: nothing that a name should do to a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text of others (names, messages), fit to print on one line. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, "�");
