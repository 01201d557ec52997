/** Medians, and figures in columns that a person can read. */

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
};

/** `158,300`; small ones with what counts of their fraction. */
export const figure = (value: number): string => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
};

/** A count: `158,300`, `12`. */
export const count = (value: number): string => (value < 100 ? String(value) : figure(value));

export type Row = readonly [what: string, value: string, note?: string];

/** A section: a title, and rows with their values flush right. */
export const section = (title: string, rows: readonly Row[]): string => {
  const [left, right] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([what, value, note]) =>
    `  ${what.padEnd(left ?? 0)}  ${value.padStart(right ?? 0)}${note === undefined ? "" : `  ${note}`}`.trimEnd(),
  );
  return `${title}\n${lines.join("\n")}\n`;
};
