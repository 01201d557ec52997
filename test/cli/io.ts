/** A terminal of paper: what a command wrote, as text. */

import type { Io } from "../../cli/io.ts";

export type PaperIo = Io & { readonly stdout: () => string; readonly stderr: () => string };

export const paperIo = (): PaperIo => {
  let [out, err] = ["", ""];
  const screen = { isTty: false, color: false, columns: 100 };
  return {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    stdin: async () => new Uint8Array(),
    terminal: { out: screen, err: screen },
    wallMs: () => 0,
    processors: 1,
    stdout: () => out,
    stderr: () => err,
  };
};
