/**
 * The functions that Step Functions adds to JSONata, and those of JSONata that would read the machine's clock or chance: here they read
 * the virtual clock and the seed. Reference: developer guide, "Transforming data with JSONata".
 */

import { createHash } from "node:crypto";
import jsonata from "jsonata";
import type { Clock } from "../clock.ts";
import { makeRandom, type Random } from "../random.ts";

type Implementation = (this: jsonata.Focus, ...args: unknown[]) => unknown;
type Native = { readonly implementation: (this: unknown, ...args: unknown[]) => unknown };
export type Functions = readonly {
  readonly name: string;
  readonly run: Implementation;
  readonly signature: string;
}[];

const ALGORITHMS: Readonly<Record<string, string>> = {
  MD5: "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};
const RANGE_MAX = 1000;

const toMillis = (await jsonata("$toMillis").evaluate(undefined)) as Native;
const fromMillis = (await jsonata("$fromMillis").evaluate(undefined)) as Native;

const fail = (message: string): never => {
  throw new Error(message);
};

/** Splits a list into lists of `size`. */
const partition = (list: unknown, size: unknown): unknown => {
  if (list === undefined || size === undefined) return undefined;
  if (!Array.isArray(list)) return fail("Argument 1 of function $partition must be an array.");
  const step = Math.floor(Number(size));
  if (!(step > 0)) return fail("Argument 2 of function $partition must be a positive integer.");
  return Array.from({ length: Math.ceil(list.length / step) }, (_, i) =>
    list.slice(i * step, (i + 1) * step),
  );
};

/** From first to last in steps; at most 1,000 elements. */
const range = (first: unknown, last: unknown, step: unknown): unknown => {
  if (first === undefined || last === undefined || step === undefined) return undefined;
  const [from, to, by] = [first, last, step].map((n) => Number(n)) as [number, number, number];
  if (by === 0) return fail("Argument 3 of function $range must not be zero.");
  const length = Math.max(0, Math.floor((to - from) / by + 1e-9) + 1);
  if (length > RANGE_MAX) return fail(`The function $range gives at most ${RANGE_MAX} elements.`);
  return Array.from({ length }, (_, i) => from + i * by);
};

const hash = (data: unknown, algorithm: unknown): unknown => {
  if (data === undefined) return undefined;
  const name = ALGORITHMS[String(algorithm)];
  if (!name)
    return fail(`Argument 2 of function $hash must be one of ${Object.keys(ALGORITHMS).join(", ")}.`);
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return createHash(name).update(text, "utf8").digest("hex");
};

/** JSONata's own takes its chance from the machine. */
const shuffle = (list: unknown, random: Random): unknown => {
  if (!Array.isArray(list)) return undefined;
  const result: unknown[] = [...list];
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = random.whole(0, i);
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
};

const uuid = (random: Random): string => {
  const hex = random.id();
  const variant = "89ab"[random.whole(0, 3)];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
};

/** What an expression may read of an execution's surroundings. */
export type Ambient = { readonly clock: Clock; readonly random: Random };

/** The name under which bindings carry it: no expression can write a variable that begins with a blank. */
export const AMBIENT = " ambient";

const ambient = (focus: jsonata.Focus): Ambient => focus.environment.lookup(AMBIENT) as Ambient;

const now: Implementation = function (picture, zone) {
  return fromMillis.implementation(ambient(this).clock.now(), picture, zone);
};
const toMilliseconds: Implementation = function (text, picture) {
  const environment = { timestamp: new Date(ambient(this).clock.now()) };
  return toMillis.implementation.call({ environment }, text, picture);
};
const random: Implementation = function (seed) {
  return (seed === undefined ? ambient(this).random : makeRandom(Math.floor(Number(seed)))).next();
};

/** The functions to register with each compiled expression. They belong to no run: an expression is compiled once in a process. */
export const STEP_FUNCTIONS: Functions = [
  { name: "partition", run: partition, signature: "" },
  { name: "range", run: range, signature: "" },
  { name: "hash", run: hash, signature: "" },
  { name: "random", run: random, signature: "" },
  {
    name: "shuffle",
    run(list) {
      return shuffle(list, ambient(this).random);
    },
    signature: "<a:a>",
  },
  {
    name: "uuid",
    run() {
      return uuid(ambient(this).random);
    },
    signature: "<:s>",
  },
  {
    name: "parse",
    run: (text) => (text === undefined ? undefined : JSON.parse(String(text))),
    signature: "",
  },
  {
    name: "eval",
    run: () => fail("Step Functions doesn't support the function $eval. Use $parse for JSON."),
    signature: "",
  },
  {
    name: "millis",
    run() {
      return ambient(this).clock.now();
    },
    signature: "<:n>",
  },
  { name: "now", run: now, signature: "<s?s?:s>" },
  { name: "toMillis", run: toMilliseconds, signature: "<s-s?:n>" },
];
