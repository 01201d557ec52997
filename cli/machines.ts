/** `repot machines`: the state machines as Amazon States Language or as pictures; printed, or a file for each. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../adapters/files.ts";
import { BadInput } from "../domain/errors.ts";
import type { NamedMachine } from "../workflows/asl.ts";
import { machines as all } from "../workflows/index.ts";
import type { Io } from "./io.ts";
import { mermaid } from "./mermaid.ts";
import { quote } from "./options.ts";

export type MachinesOptions = {
  /** One machine; absent: all. */
  readonly name?: string;
  /** Directory for a file each: `NAME.asl.json`, and `NAME.mmd` with `mermaid`; absent: standard output. */
  readonly asl?: string;
  readonly mermaid?: boolean;
};

/** @returns the exit code. @throws BadInput for a machine that isn't there. */
export const machines = async (options: MachinesOptions, io: Pick<Io, "out">): Promise<number> => {
  const chosen = choose(options.name);
  if (options.asl !== undefined)
    await write(options.asl, chosen, { pictures: options.mermaid === true, out: io.out });
  else io.out(options.mermaid === true ? picturesOf(chosen, options.name) : textOf(chosen, options.name));
  return 0;
};

const choose = (name: string | undefined): readonly NamedMachine[] => {
  const chosen = name === undefined ? all : all.filter((machine) => machine.name === name);
  if (name !== undefined && chosen.length === 0)
    throw new BadInput(
      `There is no state machine ${quote(name)}. There are: ${all.map((m) => m.name).join(", ")}.`,
    );
  return chosen;
};

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** One machine alone, or all in one JSON object by name. */
const textOf = (chosen: readonly NamedMachine[], name: string | undefined): string =>
  pretty(
    name === undefined
      ? Object.fromEntries(chosen.map((m) => [m.name, m.definition]))
      : chosen[0]?.definition,
  );

/** One diagram alone, or all as Markdown: a diagram's text has room for one. */
const picturesOf = (chosen: readonly NamedMachine[], name: string | undefined): string =>
  chosen
    .map(({ name: title, definition }) => {
      const picture = mermaid(definition);
      return name === undefined ? `## ${title}\n\n\`\`\`mermaid\n${picture}\`\`\`\n` : picture;
    })
    .join("\n");

const write = async (
  directory: string,
  chosen: readonly NamedMachine[],
  { pictures, out }: { readonly pictures: boolean; readonly out: Io["out"] },
): Promise<void> => {
  await mkdir(directory, { recursive: true });
  for (const { name, definition } of chosen) {
    const path = join(directory, `${name}.asl.json`);
    await writeWhole(path, pretty(definition));
    out(`${path}\n`);
    if (!pictures) continue;
    const picture = join(directory, `${name}.mmd`);
    await writeWhole(picture, mermaid(definition));
    out(`${picture}\n`);
  }
};
