/**
 * How an entry of `needs` reads: an action, and what it may be about where it is less than everything. The simulator asks here whether a
 * call is covered; infra writes IAM conditions of the same entries, so that what was rehearsed is what is granted.
 */

/** `PutObject` with the pattern of a key, or nothing; `ChangeResourceRecordSets` with an action, a type and names. */
export type Entry = { readonly action: string; readonly about: readonly string[] };

/** What a call is about, as far as entries can tell it apart. */
export type Asked = {
  /** The key (or the prefix of a listing) in the bucket. */
  readonly key?: string;
  /** Each change of a batch; the zone's name without its last dot, in lower case. */
  readonly changes?: readonly { readonly action: string; readonly type: string; readonly name: string }[];
};

export const entryOf = (text: string): Entry => {
  const [action = "", ...about] = text.split(" ");
  return { action, about };
};

/** A pattern as IAM reads it: `*` is any run of characters. */
export const matches = (pattern: string, text: string): boolean => {
  const parts = pattern.split("*");
  const [head = ""] = parts;
  if (parts.length === 1) return text === pattern;
  if (!text.startsWith(head)) return false;
  let at = head.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const tail = parts.at(-1) ?? "";
  return text.length - tail.length >= at && text.endsWith(tail);
};

const RECORD_NAMES = ["apex", "below"] as const;
export type RecordNames = (typeof RECORD_NAMES)[number];

/**
 * `UPSERT A,AAAA below`: actions, types (`any` for all), and names: `apex` is the zone's own name (at the parent it is the delegation), `below`
 * every name in the zone.
 */
export type RecordScope = {
  readonly actions: readonly string[];
  readonly types: readonly string[];
  readonly names: readonly RecordNames[];
};

/** Undefined where an entry says nothing of records. @throws Error for what no policy could be made of. */
export const recordScopeOf = ({ about }: Entry): RecordScope | undefined => {
  if (about.length === 0) return undefined;
  const [actions = [], types = [], named = []] = about.map((list) => list.split(","));
  const names = RECORD_NAMES.filter((n) => named.includes(n));
  if (about.length !== 3 || names.length !== named.length)
    throw new Error(`"${about.join(" ")}" is no scope of record changes: actions, types, and apex or below.`);
  return { actions, types, names };
};

type Change = NonNullable<Asked["changes"]>[number];

const parts = (zone: string): readonly ((scope: RecordScope, change: Change) => boolean)[] => [
  (scope, { action }) => scope.actions.includes(action),
  (scope, { type }) => scope.types.includes(type) || scope.types.includes("any"),
  (scope, { name }) => {
    const plain = name.replace(/\.$/, "").toLowerCase();
    return scope.names.some((n) => (n === "apex" ? plain === zone : plain.endsWith(`.${zone}`)));
  },
];

/** IAM judges actions, types and names apart (`ForAllValues`), each against all that is granted; so does this. */
const coverChanges = (
  entries: readonly (readonly [text: string, scope: RecordScope])[],
  changes: readonly Change[],
  zone: string,
): readonly string[] | undefined => {
  const asks = parts(zone);
  const allowed = changes.every((c) => asks.every((ask) => entries.some(([, scope]) => ask(scope, c))));
  if (!allowed) return undefined;
  return entries
    .filter(([, scope]) => changes.some((c) => asks.every((ask) => ask(scope, c))))
    .map(([text]) => text);
};

type Read = readonly [text: string, entry: Entry];

const known = new WeakMap<readonly string[], ReadonlyMap<string, readonly Read[]>>();

/** What is declared, by action: read once for each declaration. */
const entriesOf = (declared: readonly string[]): ReadonlyMap<string, readonly Read[]> => {
  const found =
    known.get(declared) ??
    Map.groupBy(
      declared.map((text): Read => [text, entryOf(text)]),
      ([, entry]) => entry.action,
    );
  known.set(declared, found);
  return found;
};

/**
 * The declared entries that a call uses; undefined where it isn't covered.
 * @param zone The platform's zone, lower case without the last dot.
 */
export const coveredBy = (
  declared: readonly string[],
  action: string,
  asked: Asked,
  zone: string,
): readonly string[] | undefined => {
  const entries = entriesOf(declared).get(action) ?? [];
  const whole = entries.find(([, e]) => e.about.length === 0);
  if (whole) return [whole[0]];
  const { key, changes } = asked;
  if (changes !== undefined) {
    const scoped = entries.flatMap(([text, e]) => {
      const scope = recordScopeOf(e);
      return scope ? [[text, scope] as const] : [];
    });
    return coverChanges(scoped, changes, zone);
  }
  const used = entries.find(([, e]) => key !== undefined && e.about.some((pattern) => matches(pattern, key)));
  return used ? [used[0]] : undefined;
};
