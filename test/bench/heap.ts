/** The child process of the memory measurement: needs --expose-gc, and prints the heap as JSON. */

import { measureHeap } from "./shift.ts";

const { gc } = globalThis;
if (!gc) throw new Error("Run this with --expose-gc.");
process.stdout.write(JSON.stringify(await measureHeap(Number(process.argv[2]), 4, gc)));
