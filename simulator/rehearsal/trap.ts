/**
 * A trap for what must not be read: while a rehearsal runs, a step or adapter that takes time, chance, the environment or a real timer by
 * itself, and not from its context, is found out and named. The linter sees the sources; this sees what runs, libraries included.
 *
 * What a read means is told by who asked for it, from the innermost caller outwards: code of ours, directly or through a library that reads
 * on its behalf (a date library's "now"), is caught. The official clients and their logger may read: what they do with it (signing,
 * retries, time stamps of log lines) never reaches a simulated service or an answer. See docs/adr/0101.
 */

import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { currentInvocation } from "../services/seam.ts";

/** A step that reads its surroundings by itself: a rehearsal with it would not repeat. */
export class AmbientRead extends Error {
  override readonly name = "AmbientRead";
}

type Kind = "time" | "chance" | "the environment" | "a timer" | "a promise of the thread pool";

const INSTEAD: { readonly [K in Kind]: string } = {
  time: "time comes in as context.now()",
  chance: "nothing that a step does may depend on chance",
  "the environment": "what a step may know of it comes with its input or its context",
  "a timer": "waiting is the state machine's business",
  "a promise of the thread pool": "it settles when it likes; node:crypto has the same synchronously",
};

/** Packages that may read for themselves. */
const HARMLESS = /\/node_modules\/(@aws-sdk|@smithy|@aws-lambda-powertools|@aws-crypto)\//;
/** Node asks on its own behalf (whether a terminal has colours, say); but what it only calls back is whoever's handed it over. */
const OF_NODE = /[( ]node:(?!events:|internal\/(?:process\/task_queues|timers|async_local_storage))/;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SELF = /\/simulator\/(rehearsal\/trap|services\/seam)\.ts/;

/** Where the code of ours stands that asked; undefined where a harmless library did. */
const culprit = (): string | undefined => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  Error.stackTraceLimit = stackTraceLimit;
  const asker = lines.find((line) => !SELF.test(line) && !line.includes("(<anonymous>)"));
  if (asker !== undefined && OF_NODE.test(asker)) return undefined;
  for (const line of lines) {
    const place = /\(?((?:file:\/\/)?\/[^()]*:\d+):\d+\)?$/.exec(line)?.[1]?.replace("file://", "");
    if (place === undefined || SELF.test(place)) continue;
    if (HARMLESS.test(place)) return undefined;
    if (!place.includes("/node_modules/")) return place.startsWith(ROOT) ? place.slice(ROOT.length) : place;
  }
  return undefined;
};

const touched = (what: string, kind: Kind): void => {
  const invocation = currentInvocation();
  if (!invocation?.caught) return;
  const place = culprit();
  if (place === undefined) return;
  invocation.caught(
    new AmbientRead(
      `${invocation.step} takes ${kind} by itself (${what} at ${place}): ${INSTEAD[kind]}. A rehearsal with it would not repeat.`,
    ),
  );
};

type Undo = () => void;
type Any = (...args: never[]) => unknown;

/** Puts a watched function in the place of one; what hangs on it (`hrtime.bigint`) stays. */
const watch = <O extends object>(owner: O, name: keyof O & string, what: string, kind: Kind): Undo => {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  const real = owner[name] as Any;
  const watched = function (this: unknown, ...args: never[]): unknown {
    touched(what, kind);
    return Reflect.apply(real, this, args);
  };
  Object.defineProperties(watched, Object.getOwnPropertyDescriptors(real));
  Object.defineProperty(owner, name, { value: watched, configurable: true, writable: true });
  return () => {
    if (own) Object.defineProperty(owner, name, own);
    else Reflect.deleteProperty(owner, name);
  };
};

/** `new Date()` and `Date()`; a date of something is nobody's business. */
const watchDate = (): Undo => {
  const real = globalThis.Date;
  const watched: DateConstructor = new Proxy(real, {
    construct: (target, args, made) => {
      if (args.length === 0) touched("new Date()", "time");
      // A date of something, thousands of times a run: Reflect.construct would look for a subclass each time.
      else if (args.length === 1 && made === watched) return new target(args[0] as number);
      return Reflect.construct(target, args, made) as Date;
    },
    apply: (target) => {
      touched("Date()", "time");
      return target();
    },
  });
  globalThis.Date = watched;
  return () => {
    globalThis.Date = real;
  };
};

const watchEnvironment = (): Undo => {
  const real = process.env;
  process.env = new Proxy(real, {
    get: (target, name) => {
      if (typeof name === "string") touched(`process.env.${name}`, "the environment");
      return Reflect.get(target, name) as string | undefined;
    },
  });
  return () => {
    process.env = real;
  };
};

const TIMERS = ["setTimeout", "setInterval", "setImmediate"] as const;
const CHANCES = ["randomUUID", "randomBytes", "randomInt"] as const;

const watchAll = (): readonly Undo[] => [
  watch(Date, "now", "Date.now", "time"),
  watch(performance, "now", "performance.now", "time"),
  watch(process.hrtime, "bigint", "process.hrtime.bigint", "time"),
  watch(process, "hrtime", "process.hrtime", "time"),
  watch(Math, "random", "Math.random", "chance"),
  ...CHANCES.map((name) => watch(crypto, name, `crypto.${name}`, "chance")),
  watch(globalThis.crypto, "randomUUID", "crypto.randomUUID", "chance"),
  watch(globalThis.crypto, "getRandomValues", "crypto.getRandomValues", "chance"),
  watch(globalThis.crypto.subtle, "digest", "crypto.subtle.digest", "a promise of the thread pool"),
  ...TIMERS.flatMap((name) => [
    watch(globalThis, name, name, "a timer"),
    watch(timers, name, name, "a timer"),
    watch(timersPromises, name, name, "a timer"),
  ]),
  watchDate(),
  watchEnvironment(),
];

let set = 0;
let undo: readonly Undo[] = [];

/** Sets the trap for as long as a rehearsal runs; several may run in one process. @returns what takes this one's part away. */
export const setTrap = (): Undo => {
  if (set === 0) {
    undo = watchAll();
    syncBuiltinESMExports();
  }
  set += 1;
  let released = false;
  return () => {
    if (released) return;
    released = true;
    set -= 1;
    if (set > 0) return;
    for (const one of undo.toReversed()) one();
    syncBuiltinESMExports();
  };
};
