/**
 * Takes passwords, tokens and keys out of objects before anything is made of them, so that no plan, preview, event or report can hold
 * one. Hosts, ports and user names stay, since the call graph needs them. The same object is masked the same way on both sides.
 */

import type { KubeObject } from "./kube.ts";
import { isLoose } from "./pods.ts";

/** Stands for every masked value. One constant: a hash of a weak password is the password. */
export const MASK = "******";
/** The mask in base64, as the `data` of a Secret needs it. */
const MASK_BASE64 = "KioqKioq";

const SECRET_WORD =
  /(pass(word|wd|phrase|code)?|pwd|secret|token|api_?key|access_?key|account_?key|private_?key|encryption_?key|signing_?key|master_?key|license_?key|shared_?key|auth_?key|credential|salt|htpasswd|dsn|webhook_?url|cookie|bearer|connection_?string|key_?base)s?$|(^|_)(auth|pin|pat|jwt)$|(?<!(^|_)(primary|partition|routing|sort|cache|public|foreign|message|hash|range|group|map|config|label|annotation|topology|object|index|unique|row|record|sharding|shard))_key$|(pass(word|wd)?|secret|token|credential|access_?key)(_|$)/;
/** Names that speak of a secret without holding it. */
const ABOUT_SECRET =
  /_(file|path|dir|directory|host|hostname|port|addr|address|endpoint|server|name|ttl|seconds|minutes|hours|days|length|len|size|count|limit|type|enabled|disabled|required|header|algorithm|provider|issuer|audience|expiry|expiration|lifetime|timeout|interval|policy|format|prefix|suffix|region|version|mode|store|backend|ref|class|mount|service|claim|realm|scheme|method)$|^(max|min|num|enable|disable|use|allow|require|has|is|checksum)_/;

const snake = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[-./\s]+/g, "_")
    .toLowerCase();

/** Whether a field, variable or option of this name holds a secret as its value. */
export const namesSecret = (name: string): boolean => {
  const plain = snake(name).replace(/^_+/, "");
  return SECRET_WORD.test(plain) && !ABOUT_SECRET.test(plain);
};

/** Values that can't be a secret whatever they are called: switches, references to variables, nothing. */
const harmless = (value: string): boolean =>
  /^\s*([|>][-+\d]*)?$/.test(value) ||
  /^(true|false|yes|no|on|off|null|none)$/i.test(value) ||
  /^\$(\([\w.-]+\)|\{\w[\w.]*(:\w[\w.]*)?\}|[A-Z_][A-Z0-9_]*)$/.test(value) ||
  value === MASK;

/** What is secret by its shape, wherever it stands. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?-----END \1-----/g,
    `-----BEGIN $1-----\n${MASK}\n-----END $1-----`,
  ],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, MASK],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, MASK],
  [
    /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{10,}|(?:sk|rk|pk)_(?:live|test)_\w{8,}|sk-[\w-]{20,}|AIza[\w-]{30,}|npm_[A-Za-z0-9]{30,}|hvs\.[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,})/g,
    MASK,
  ],
  [/\bhttps:\/\/hooks\.slack\.com\/services\/[^\s"']+/g, `https://hooks.slack.com/services/${MASK}`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}/g, `$1 ${MASK}`],
];

/** `scheme://user:password@host`: the password; a user part alone is a token. */
const maskUserinfo = (text: string): string =>
  text.replace(/([a-z][a-z0-9+.-]*:\/\/)([^\s/?#"'@]*)@/gi, (all, scheme: string, user: string) => {
    const colon = user.indexOf(":");
    const secret = colon < 0 ? user : user.slice(colon + 1);
    if (colon < 0 ? /^(guest|root|admin|[a-z][a-z0-9_]{0,15})$/.test(user) : harmless(secret)) return all;
    return `${scheme}${colon < 0 ? "" : user.slice(0, colon + 1)}${MASK}@`;
  });

const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(text);

/** A line of properties, INI or YAML: the whole rest of it is the value, blanks and semicolons included. */
const LINE = /^([ \t-]*["']?([A-Za-z][\w.-]*)["']?[ \t]*[:=][ \t]*)([^\s|>[{].*?)([ \t]*,?[ \t\r]*)$/gm;
/** A block of YAML: `password: |`, and what is indented below. */
const BLOCK =
  /^([ \t]*)(["']?([A-Za-z][\w.-]*)["']?:[ \t]*[|>][-+\d]*[ \t]*\r?\n)((?:\1[ \t]+\S.*(?:\n|$)|[ \t]*\n)+)/gm;
/** `Password=x;`, `"token": "x"`, `--password=x`, `?api_key=x` in the midst of a text. */
const PAIR =
  /([A-Za-z][\w.-]*)(["']?[ \t]*(?:=>|[:=])[ \t]*)(?!\/\/)(\$\{[^}\n]*\}|\$\([^)\n]*\)|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s"',;&}\])]+)/g;

/** Counts of tokens are no tokens. */
const isCount = (name: string, value: string): boolean => /^[\d.]+$/.test(value) && /tokens$/i.test(name);

const maskLines = (text: string): string =>
  text
    .replace(BLOCK, (all, indent: string, head: string, name: string) =>
      namesSecret(name) ? `${indent}${head}${indent}  ${MASK}\n` : all,
    )
    .replace(LINE, (all, head: string, name: string, value: string, tail: string) => {
      const quote = /^(["']).*\1$/.exec(value)?.[1] ?? "";
      const bare = quote === "" ? value : value.slice(1, -1);
      // A connection string of several pairs, or a URL, keeps its host.
      if (
        !namesSecret(name) ||
        harmless(bare) ||
        isUrl(bare) ||
        isCount(name, bare) ||
        /;\s*\w[\w ]*=/.test(bare)
      )
        return all;
      return `${head}${quote}${MASK}${quote}${tail}`;
    });

const maskPairs = (text: string): string =>
  text.replace(PAIR, (all, name: string, between: string, value: string) => {
    const quote = /^["']/.test(value) ? value.slice(0, 1) : "";
    const bare = quote === "" ? value : value.slice(1, -1);
    if (!namesSecret(name) || isUrl(bare))
      // The value may be a text with pairs of its own: a query, a connection string.
      return /[:=]/.test(bare) ? `${name}${between}${quote}${maskPairs(bare)}${quote}` : all;
    return harmless(bare) || isCount(name, bare) ? all : `${name}${between}${quote}${MASK}${quote}`;
  });

/** Masks what is secret inside of a text of any kind. */
export const maskText = (text: string): string => {
  let masked = text;
  for (const [shape, by] of SHAPES) masked = masked.replace(shape, by);
  masked = maskUserinfo(maskCommand(masked));
  return /pass|pwd|secret|token|key|cred|auth|dsn|salt|cookie|bearer|jwt|pin/i.test(masked)
    ? maskPairs(maskLines(masked))
    : masked;
};

/** The value of something with a name: all of it where the name says so, else only what is secret inside. */
const maskNamed = (name: string, value: string): string => {
  const masked = maskText(value);
  if (!namesSecret(name) || harmless(value)) return masked;
  // Connection strings keep their host: only what was recognised inside goes, unless nothing was.
  if (isUrl(value))
    return masked === value ? value.replace(/^([a-z][\w+.-]*:\/\/[^/?#]*)[/?#].+$/is, `$1/${MASK}`) : masked;
  if (/(^|;)\s*\w[\w ]*=[^;]*;/.test(value)) return masked;
  return MASK;
};

/** Options whose names say nothing and whose values are credentials: `redis-cli -a x`, `curl -u user:x`, `--auth user:x`. */
const CREDENTIAL_OPTION =
  /((?:^|\s)(?:redis-cli\b[^|;&\n]*?\s-a|--auth|--user|-u)[ =]+(?:[^\s:'"]+:)?)([^\s'"]+)/g;

/** In a command line, the values of options that name a secret: `--db-passwd x`. */
const NAMED_OPTION = /((?:^|\s)--?([A-Za-z][\w-]*)[ \t]+)(?!-)([^\s'"|;&]+)/g;

const maskCommand = (text: string): string =>
  text
    .replace(CREDENTIAL_OPTION, (all, head: string, value: string) =>
      // A user alone is no secret.
      (/--user|-u/.test(head) && !head.endsWith(":")) || harmless(value) ? all : `${head}${MASK}`,
    )
    .replace(NAMED_OPTION, (all, head: string, name: string, value: string) =>
      namesSecret(name) && !harmless(value) ? `${head}${MASK}` : all,
    );

/** Arguments: `--password=x` and `--password x`. */
const maskArguments = (args: readonly unknown[]): unknown[] =>
  args.map((arg, i) => {
    if (typeof arg !== "string") return arg;
    const option = args[i - 1];
    const named = typeof option === "string" ? /^--?([A-Za-z][\w.-]*)$/.exec(option)?.[1] : undefined;
    if (named !== undefined && namesSecret(named) && !arg.startsWith("-")) return maskNamed(named, arg);
    if (option === "-a" && args.some((a) => typeof a === "string" && /redis-cli$/.test(a))) return MASK;
    return maskText(maskCommand(arg));
  });

const maskSecret = (object: KubeObject): KubeObject => {
  const masks = (field: unknown, mask: string) =>
    isLoose(field) ? Object.fromEntries(Object.keys(field).map((key) => [key, mask])) : undefined;
  const data = masks(object["data"], MASK_BASE64);
  const stringData = masks(object["stringData"], MASK);
  return { ...object, ...(data ? { data } : {}), ...(stringData ? { stringData } : {}) };
};

/** Fields that only refer to a secret, or that hold one in another form that was dealt with. */
const REFERENCES = new Set([
  "secretName",
  "secretKeyRef",
  "secretRef",
  "secret",
  "secrets",
  "imagePullSecrets",
  "tokenRequests",
  "serviceAccountToken",
  "automountServiceAccountToken",
  "key",
  "keys",
  "topologyKey",
  "authenticationRef",
]);

const maskValue = (value: unknown, name: string): unknown => {
  if (typeof value === "string")
    return REFERENCES.has(name) || name === "name" || name === "image"
      ? maskText(value)
      : maskNamed(name, value);
  if (Array.isArray(value))
    return name === "args" || name === "command"
      ? maskArguments(value)
      : value.map((item) => maskValue(item, name));
  if (!isLoose(value)) return value;
  // `{name: DB_PASSWORD, value: …}`: the shape of environment variables, headers and Helm parameters.
  const called = typeof value["name"] === "string" ? value["name"] : undefined;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === "value" && called !== undefined && typeof inner === "string"
        ? maskNamed(called, inner)
        : maskValue(inner, key),
    ]),
  );
};

/** What a platform's Secrets hold: such a value is masked wherever else it stands, too. */
const knownSecrets = (objects: readonly KubeObject[]): ReadonlySet<string> => {
  const hosts = new Set(objects.map((o) => o.metadata.name));
  const values = new Set<string>();
  const add = (key: string, value: string) => {
    const text = value.trim();
    // Short or common words (`admin`) stand everywhere: masking them would hide nothing and break the rest.
    const odd = text.length >= 8 || (text.length >= 6 && /\d/.test(text) && /\D/.test(text));
    const worth = namesSecret(key) ? odd : text.length >= 16 && !/[/:. ]/.test(text);
    if (worth && !harmless(text) && !hosts.has(text)) values.add(text);
  };
  for (const secret of objects.filter((o) => o.kind === "Secret" && o.apiVersion === "v1")) {
    for (const [key, value] of Object.entries((secret["data"] ?? {}) as Record<string, string>)) {
      add(key, Buffer.from(value, "base64").toString("utf8"));
      if (value.length >= 8) values.add(value.trim());
    }
    for (const [key, value] of Object.entries((secret["stringData"] ?? {}) as Record<string, string>))
      add(key, value);
  }
  values.delete("");
  return values;
};

const maskKnown = (value: unknown, known: ReadonlySet<string>): unknown => {
  if (typeof value === "string") {
    if (known.has(value)) return MASK;
    return value.length < 5
      ? value
      : value.replace(/[^\s"'=:@,;/?&]{5,}/g, (word) => (known.has(word) ? MASK : word));
  }
  if (Array.isArray(value)) return value.map((item) => maskKnown(item, known));
  if (!isLoose(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, maskKnown(v, known)]));
};

/** A mask for objects of one platform; masking twice changes nothing more. */
export const maskerFor = (objects: readonly KubeObject[]): ((object: KubeObject) => KubeObject) => {
  const known = knownSecrets(objects);
  return (object) => {
    if (object.kind === "Secret" && object.apiVersion === "v1")
      return maskSecret(maskMetadata(object, known));
    const masked = Object.entries(object).map(([key, value]) => [
      key,
      key === "metadata" || key === "kind" || key === "apiVersion"
        ? value
        : maskValue(known.size === 0 ? value : maskKnown(value, known), key),
    ]);
    return maskMetadata(Object.fromEntries(masked) as KubeObject, known);
  };
};

/** Names, labels and owners stay; annotations may quote anything. */
const maskMetadata = (object: KubeObject, known: ReadonlySet<string>): KubeObject => {
  const annotations = object.metadata.annotations;
  if (!annotations) return object;
  const masked = Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [key, maskNamed(key, String(maskKnown(value, known)))]),
  );
  return { ...object, metadata: { ...object.metadata, annotations: masked } };
};

/** Masks every secret of a platform's objects. */
export const maskObjects = (objects: readonly KubeObject[]): readonly KubeObject[] =>
  objects.map(maskerFor(objects));
