/** Reads what a person points at: files, directories, standard input; bounded, UTF-8 only, and in an order that no file system decides. Writes a file whole or not at all. */

import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { BadInput } from "../domain/errors.ts";
import { byCodeUnit } from "../domain/kube.ts";

export type SourceFile = { readonly name: string; readonly text: string };

const BYTES_MAX = 256 * 1024 * 1024;
const FILES_MAX = 20_000;
const DEPTH_MAX = 12;

const MANIFEST = /\.(ya?ml|json)$/i;
/** Settings stand beside the manifests and are none. */
export const SETTINGS_NAMES: readonly string[] = ["repot.yaml", "repot.yml"];
/** Files of tools that lie among manifests; their output is a manifest, they are not. */
const TOOLS: Readonly<Record<string, string>> = {
  "kustomization.yaml": "kubectl kustomize DIR | repot plan -",
  "kustomization.yml": "kubectl kustomize DIR | repot plan -",
  "Chart.yaml": "helm template DIR | repot plan -",
};

/** @throws BadInput where the bytes are no UTF-8 text. */
export const decodeText = (bytes: Uint8Array, name: string): string => {
  if (bytes.byteLength > BYTES_MAX)
    throw new BadInput(`${name} is larger than ${BYTES_MAX / 1024 / 1024} MiB.`);
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw new BadInput(`${name} is UTF-16: save it as UTF-8.`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\u0000")) return text;
  } catch {
    // Not UTF-8: said below.
  }
  throw new BadInput(`${name} is not a text file: it holds binary data.`);
};

const CODES: Readonly<Record<string, string>> = {
  ENOENT: "isn't there",
  EACCES: "may not be opened",
  EPERM: "may not be opened",
  ELOOP: "is a link that leads in a circle",
};

const told = (name: string) => (cause: NodeJS.ErrnoException) => {
  throw new BadInput(`${name} ${CODES[cause.code ?? ""] ?? `can't be read (${cause.code ?? "unknown"})`}.`, {
    cause,
  });
};

const readText = async (path: string): Promise<string> => {
  const size = await stat(path).catch(told(path));
  if (!size.isFile()) throw new BadInput(`${path} is no file.`);
  if (size.size > BYTES_MAX) throw new BadInput(`${path} is larger than ${BYTES_MAX / 1024 / 1024} MiB.`);
  return decodeText(await readFile(path).catch(told(path)), path);
};

const filesUnder = async (directory: string, depth: number): Promise<string[]> => {
  if (depth > DEPTH_MAX)
    throw new BadInput(`${directory}: directories are nested more than ${DEPTH_MAX} deep.`);
  const entries = await readdir(directory, { withFileTypes: true }).catch(told(directory));
  const found: string[] = [];
  for (const entry of [...entries].sort((a, b) => byCodeUnit(a.name, b.name))) {
    const path = join(directory, entry.name);
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    if (entry.isDirectory()) found.push(...(await filesUnder(path, depth + 1)));
    else if (MANIFEST.test(entry.name)) found.push(path);
    if (found.length > FILES_MAX) throw new BadInput(`${directory} holds more than ${FILES_MAX} manifests.`);
  }
  return found;
};

/** What was read: manifests, and each repot.yaml that stands beside them. */
export type Sources = { readonly manifests: readonly SourceFile[]; readonly settings: readonly SourceFile[] };

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    (s) => s.isFile(),
    () => false,
  );

/** Whatever a path stands for, as paths of manifests and of settings. */
const expand = async (
  path: string,
): Promise<{ readonly manifests: string[]; readonly settings: string[] }> => {
  const kind = await stat(path).catch(told(path));
  if (!kind.isDirectory()) {
    if (SETTINGS_NAMES.includes(basename(path))) return { manifests: [], settings: [path] };
    return { manifests: [path], settings: await beside(dirname(path)) };
  }
  const all = await filesUnder(path, 0);
  const tool = all.find((f) => TOOLS[basename(f)] !== undefined);
  if (tool !== undefined)
    throw new BadInput(
      `${tool} is no manifest, but makes some: ${(TOOLS[basename(tool)] ?? "").replace("DIR", dirname(tool))}`,
    );
  const isSettings = (f: string) =>
    dirname(f) === dirname(join(path, "x")) && SETTINGS_NAMES.includes(basename(f));
  const manifests = all.filter((f) => !isSettings(f));
  if (manifests.length === 0) throw new BadInput(`${path} holds no manifest (*.yaml, *.yml, *.json).`);
  return { manifests, settings: all.filter(isSettings) };
};

const beside = async (directory: string): Promise<string[]> => {
  const found: string[] = [];
  for (const name of SETTINGS_NAMES)
    if (await exists(join(directory, name))) found.push(join(directory, name));
  return found;
};

/**
 * @param paths files, directories, or `-` for standard input; each file is read once, however often it is named.
 * @throws BadInput naming the path for all that can't be read.
 */
export const readInputs = async (
  paths: readonly string[],
  stdin: () => Promise<Uint8Array>,
): Promise<Sources> => {
  const manifests = new Set<string>();
  const settings = new Set<string>();
  const piped: SourceFile[] = [];
  for (const path of paths) {
    if (path === "-") {
      if (piped.length === 0)
        piped.push({ name: "standard input", text: decodeText(await stdin(), "standard input") });
      continue;
    }
    const found = await expand(path);
    for (const f of found.manifests) manifests.add(f);
    for (const f of found.settings) settings.add(f);
  }
  const read = async (names: ReadonlySet<string>): Promise<SourceFile[]> => {
    const files: SourceFile[] = [];
    for (const name of names) files.push({ name, text: await readText(name) });
    return files;
  };
  return { manifests: [...(await read(manifests)), ...piped], settings: await read(settings) };
};

/** Writes a file whole: a reader sees the old one or the new one, and a failure leaves nothing behind. */
export const writeWhole = async (path: string, text: string): Promise<void> => {
  let beside: string | undefined;
  try {
    // A directory of its own, named by the system: two writers never share a half-written file.
    beside = await mkdtemp(join(dirname(path), `.${basename(path)}.`));
    const part = join(beside, "part");
    await writeFile(part, text, { flag: "wx" });
    await rename(part, path);
    await rm(beside, { recursive: true, force: true });
  } catch (cause) {
    if (beside !== undefined) await rm(beside, { recursive: true, force: true });
    throw new BadInput(`${path} can't be written (${(cause as NodeJS.ErrnoException).code ?? "unknown"}).`, {
      cause,
    });
  }
};

/**
 * Makes a directory, with those above it, that files can be written into; one after the other, since a recursive mkdir never ends on some
 * pseudo file systems.
 * @throws BadInput where that can't be: before anything long is begun for what could not be written afterwards.
 */
export const prepareDirectory = async (directory: string): Promise<void> => {
  const missing: string[] = [];
  for (let at = resolve(directory); ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found?.isDirectory()) break;
    if (found) throw new BadInput(`${directory} can't be written into: ${at} is a file.`);
    missing.unshift(at);
    if (dirname(at) === at) break;
  }
  try {
    for (const at of missing) await mkdir(at);
    await access(directory, constants.W_OK);
  } catch (cause) {
    throw new BadInput(
      `${directory} can't be written into (${cause instanceof Error && "code" in cause ? String(cause.code) : "no reason given"}). Name another directory.`,
      { cause },
    );
  }
};
