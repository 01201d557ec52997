/**
 * What a function of Lambda never uses of the packages that it is bundled with, and what stands there instead. Each entry is a way that these
 * packages take in a browser, with event streams, or where Node has no hashes of its own; one that is taken all the same is an error that says so.
 */

import { readFileSync } from "node:fs";

/**
 * Node's own modules that cost: `import` evaluates whatever they export (the WebSocket of node:http the whole of undici, 30 ms; the stdin of
 * node:process its streams), and TLS and hashes take 16 ms that no import needs: these are taken when the first call is made.
 */
const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  "node:http": ["Agent", "request"],
  "node:https": ["Agent", "request"],
  "node:dgram": ["createSocket"],
  "node:net": ["createConnection"],
  "node:crypto": [
    "createHash",
    "createHmac",
    "getRandomValues",
    "pbkdf2",
    "randomBytes",
    "randomInt",
    "randomUUID",
    "timingSafeEqual",
  ],
};

/** A class is made, a function called, of the module that is there by then. */
const passing = (name: string): string =>
  /^[A-Z]/.test(name)
    ? `export const ${name} = function (...given) { return new (it().${name})(...given); };`
    : `export const ${name} = (...given) => it().${name}(...given);`;

const whenCalled = (module: string, names: readonly string[]): string =>
  [
    `const it = () => process.getBuiltinModule("${module}");`,
    ...names.map(passing),
    `export default { ${names.map((name) => `get ${name}() { return it().${name}; }`).join(", ")} };`,
  ].join("\n");

/** Packages that are others in a function: what is imported, and what it gets. */
export const REPLACED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(BUILT_IN).map(([name, names]) => [name, whenCalled(name, names)])),
  "node:process": "export const { env, versions } = process; export default process;",
  // The SDK asks at its import whether Node counts checksums.
  "node:zlib": `const it = () => process.getBuiltinModule("node:zlib");
    export const crc32 = (...given) => it().crc32(...given);
    export default new Proxy({}, { get: (_, name) => it()[name] });`,
  // Whether a body is a file is asked of each; the class itself comes with all of Node's file streams.
  "node:fs": `const it = process.getBuiltinModule("node:fs");
    export const { createReadStream, fstatSync, lstatSync, readFileSync } = it;
    export const ReadStream = { [Symbol.hasInstance]: (value) => value instanceof it.ReadStream };
    export default it;`,
  // Lambda gives a function the credentials of its role in the environment; profiles, SSO and instance metadata are other people's ways.
  "@aws-sdk/credential-provider-node":
    'export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";',
  // The Kafka client checks the options that it is given, which here are its types' business: a validator of JSON Schema and forty schemas for that.
  "ajv/dist/2020.js": `export class Ajv2020 { addKeyword() {} compile() { return () => true; } errorsText() { return ""; } }`,
  debug: "export default () => Object.assign(() => {}, { enabled: false });",
  // Live tails of logs and S3 Select, neither of which any step calls.
  "@smithy/core/event-streams": `export const resolveEventStreamSerdeConfig = (config) => config;
    const absent = () => { throw new Error("Event streams are left out of functions (infra/left-out.ts)."); };
    export { absent as eventStreamSerdeProvider, absent as EventStreamSerde };`,
};

/** Files whose every export is an error when it is used: other platforms' twins of a file that is there. */
export const TWINS =
  /[\\/]dist-es[\\/]submodules[\\/](?:serde[\\/].*\.browser|.*[\\/](?:Sha256Js|Sha1Js|Md5Js))(?:\.js)?$/;

const EXPORTED = /^export (?:async )?(?:const|class|function\*?) (\w+)/gm;

/** A module with the same names, none of which works. */
export const absentText = (path: string): string => {
  const names = [...readFileSync(path, "utf8").matchAll(EXPORTED)].map(([, name = ""]) => name);
  return [
    "const absent = () => { throw new Error('Left out of functions (infra/left-out.ts).'); };",
    `export { ${names.map((name) => `absent as ${name}`).join(", ")} };`,
  ].join("\n");
};

/** zod's way to JSON Schema, which every type carries along and no step asks for. */
export const JSON_SCHEMA = /[\\/]zod[\\/]v4[\\/]core[\\/](?:to-json-schema|json-schema-processors)\.js$/;
export const JSON_SCHEMA_TEXT: Readonly<Record<string, string>> = {
  "to-json-schema.js": `const absent = () => { throw new Error("JSON Schema is left out of functions (infra/left-out.ts)."); };
    const method = () => absent;
    export { method as createToJSONSchemaMethod, method as createStandardJSONSchemaMethod };
    export { absent as initializeContext, absent as process, absent as processSchema, absent as extractDefs, absent as finalize };`,
  "json-schema-processors.js": "export const toJSONSchema = undefined, allProcessors = {};",
};

/** The SDK's hashes ask Node at their import whether it has any. */
export const HASHES = /[\\/]dist-es[\\/]submodules[\\/].*[\\/](?:Sha256Node|Sha1Node|Md5Node)\.js$/;
const ASKED = /const hasNativeCrypto = \(\(\) => \{[\s\S]*?\}\)\(\);/;
export const hashesText = (path: string): string =>
  readFileSync(path, "utf8").replace(ASKED, "const hasNativeCrypto = true;");
