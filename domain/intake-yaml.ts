/**
 * YAML and JSON texts to plain values, document by document, with the line where each begins. Reads as kubectl does: octal numbers,
 * `yes` and `no`, merge keys. Each document (and each item of a long List) is parsed on its own: a syntax tree takes far more memory than its text.
 */

import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type ScalarTag, type Tags } from "yaml";
import { BadInput } from "./errors.ts";

export type ParsedDocument = { readonly value: unknown; readonly line: number };

type Chunk = { readonly text: string; readonly line: number };

/** Aliases that a document may expand to; more is taken for a bomb. Manifests written by people have a handful. */
const ALIASES_MAX = 100;
/** Longer Lists are parsed item by item. */
const LIST_SPLIT_CHARS = 500_000;

/** `defaultMode: 0644` is 420 to every Kubernetes client, and 644 to YAML 1.2. */
const octal: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^[-+]?0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};
const oldBoolean: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:y|on$)/i.test(text),
};
const asKubectl = (tags: Tags): Tags => [octal, oldBoolean, ...tags];

/** Splits at document markers: `---` and `...` at the first column end a document even inside a scalar (YAML 1.2, 9.1.2). */
export const splitDocuments = (text: string): Chunk[] => {
  const chunks: Chunk[] = [];
  let start = 0;
  let startLine = 1;
  let line = 1;
  const close = (end: number) => {
    const chunk = text.slice(start, end);
    if (/^[ \t]*[^\s#]/m.test(chunk.replace(/^---[ \t]*(#.*)?$/m, "")))
      chunks.push({ text: chunk, line: startLine });
  };
  for (let at = 0; at <= text.length; ) {
    const stop = text.indexOf("\n", at);
    const end = stop < 0 ? text.length : stop;
    const head = text.slice(at, Math.min(end, at + 4));
    if (/^(---|\.\.\.)(\s|$)/.test(head)) {
      const opens = head.startsWith("---");
      // A directive (%YAML) belongs to the marker that follows it.
      if (!opens || !/^(\s*(%|#).*\n|\s*\n)*$/.test(text.slice(start, at)) || start === at) close(at);
      start = opens ? at : Math.min(text.length, end + 1);
      startLine = opens ? line : line + 1;
    }
    if (stop < 0) break;
    at = stop + 1;
    line += 1;
  }
  close(text.length);
  return chunks;
};

/** The items of a long `kind: List` as documents of their own, or undefined where the text isn't laid out as kubectl prints it. */
const splitList = ({ text, line }: Chunk): Chunk[] | undefined => {
  if (text.length < LIST_SPLIT_CHARS || !/^kind:[ \t]*["']?\w*List["']?[ \t]*\r?$/m.test(text))
    return undefined;
  const items = /^items:[ \t]*\r?\n(?=( *)- )/m.exec(text);
  if (!items || /^ *- *[&*]/m.test(text)) return undefined;
  const mark = `${items[1] ?? ""}- `;
  const chunks: Chunk[] = [];
  let current: string[] = [];
  const begin = items.index + items[0].length;
  let at = line + text.slice(0, begin).split("\n").length - 1;
  let startLine = at;
  const close = () => {
    if (current.length > 0) chunks.push({ text: current.join("\n"), line: startLine });
  };
  for (const row of text.slice(begin).split("\n")) {
    if (row.startsWith(mark)) {
      close();
      current = [`${" ".repeat(mark.length)}${row.slice(mark.length)}`];
      startLine = at;
    } else if (/^[A-Za-z]/.test(row)) break;
    else current.push(row);
    at += 1;
  }
  close();
  return chunks;
};

const sentenceOfError = (message: string): string =>
  (message.split("\n")[0] ?? message).replace(/ at line \d+.*$/, "").replace(/[.:]+$/, "");

/**
 * Offset of a key that its mapping has already. The library's own check compares each key with all before it, which takes minutes
 * for a ConfigMap of a hundred thousand keys.
 */
const secondKey = (root: unknown): { readonly offset: number; readonly key: string } | undefined => {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const node = open.pop();
    if (isSeq(node)) for (const item of node.items) open.push(item);
    if (!isMap(node)) continue;
    const seen = new Set<unknown>();
    for (const { key, value } of node.items.filter((item) => isPair(item))) {
      open.push(value);
      if (!isScalar(key) || key.value === "<<") continue;
      if (seen.has(key.value)) return { offset: key.range?.[0] ?? 0, key: String(key.value) };
      seen.add(key.value);
    }
  }
  return undefined;
};

const parseChunk = ({ text, line }: Chunk, file: string): ParsedDocument => {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    customTags: asKubectl,
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    logLevel: "silent",
    uniqueKeys: false,
  });
  const error = document.errors[0];
  if (error && /call stack/i.test(error.message)) throw new RangeError(error.message);
  if (error) {
    const at = line + lines.linePos(error.pos[0]).line - 1;
    throw new BadInput(`${file}, line ${at}: this is not YAML: ${sentenceOfError(error.message)}.`);
  }
  const twice = secondKey(document.contents);
  if (twice)
    throw new BadInput(
      `${file}, line ${line + lines.linePos(twice.offset).line - 1}: the key ${JSON.stringify(twice.key)} stands there twice.`,
    );
  try {
    return { value: document.toJS({ maxAliasCount: ALIASES_MAX }), line };
  } catch (cause) {
    if (cause instanceof ReferenceError && !/excessive/i.test(cause.message))
      throw new BadInput(`${file}, line ${line}: this is not YAML: ${sentenceOfError(cause.message)}.`, {
        cause,
      });
    if (cause instanceof ReferenceError)
      throw new BadInput(
        `${file}, line ${line}: the document expands its YAML aliases more than ${ALIASES_MAX} times. Write the values out instead.`,
        { cause },
      );
    throw cause;
  }
};

const parseOne = (chunk: Chunk, file: string): ParsedDocument[] => {
  const items = splitList(chunk);
  if (!items) return [parseChunk(chunk, file)];
  try {
    return items.map((item) => parseChunk(item, file));
  } catch {
    // An alias into another item, or a layout that we misread: the whole document decides, and names the right line.
    return [parseChunk(chunk, file)];
  }
};

/**
 * @param file Names the text in messages.
 * @returns each document that isn't empty. @throws BadInput with the line for broken YAML, alias bombs, bottomless nesting.
 */
export const parseDocuments = (text: string, file: string): ParsedDocument[] => {
  if (/^\s*[{[]/.test(text)) {
    try {
      return [{ value: JSON.parse(text), line: 1 }];
    } catch {
      // YAML's parser reads JSON too, and says in which line it stopped.
    }
  }
  try {
    return splitDocuments(text).flatMap((chunk) => parseOne(chunk, file));
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new BadInput(`${file}: the document is nested too deeply to be read.`, { cause });
    throw cause;
  }
};
