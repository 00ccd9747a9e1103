// The API as the server publishes it (server/openapi.json): what an answer is made of, and which of it is free text.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from './liar.ts';
import { root } from './server.ts';

/** As much of a JSON schema as the document uses of answers. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: string[];
  oneOf?: Schema[];
  items?: Schema;
  properties?: { [name: string]: Schema };
}

interface Answer {
  content?: { [type: string]: { schema?: Schema } };
}

interface Contract {
  paths: { [path: string]: { [method: string]: { responses?: { [status: string]: Answer } } } };
  components: { schemas: { [name: string]: Schema } };
}

const contract = JSON.parse(readFileSync(join(root, 'server/openapi.json'), 'utf8')) as Contract;

/** What every refusal is. */
export const PROBLEM: Schema = { $ref: '#/components/schemas/Problem' };

/** The schema that is meant, and what its texts are called by: its name, where it has one. */
function named(schema: Schema, place: string): [Schema, string] {
  const one = schema.oneOf?.find((one) => one.type !== 'null');
  if (one) return named(one, place);
  const name = schema.$ref?.split('/').at(-1);
  if (!name) return [schema, place];
  const found = contract.components.schemas[name];
  if (!found) throw new Error(`the contract has no ${name}`);
  return named(found, name);
}

/** Free text: no id, no bytes, no word of a list. */
function isText({ type, format, enum: words }: Schema): boolean {
  return [type ?? []].flat().includes('string') && !format && !words;
}

/** What the contract says that a good answer is, in JSON; nothing where it has none. */
export function answerOf(method: string, path: string): Schema | undefined {
  const verb = method.toLowerCase();
  const fits = (template: string) => new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path);
  const asked = contract.paths[path]?.[verb] ?? Object.entries(contract.paths).find(([template, by]) => verb in by && fits(template))?.[1][verb];
  const good = Object.entries(asked?.responses ?? {}).find(([status]) => status.startsWith('2'))?.[1];
  return good?.content?.['application/json']?.schema;
}

/** A value with each free text changed: `change` is told which, as `Schema.field`. What the contract doesn't name stays. */
export function walk(value: Json, schema: Schema, change: (text: string, place: string) => Json, place = ''): Json {
  const [meant, name] = named(schema, place);
  if (typeof value === 'string') return isText(meant) ? change(value, name) : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => (meant.items ? walk(item, meant.items, change, name) : item));
  const field = ([key, of]: [string, Json]): [string, Json] => {
    const property = meant.properties?.[key];
    return [key, property ? walk(of, property, change, `${name}.${key}`) : of];
  };
  return Object.fromEntries(Object.entries(value).map(field));
}

/** Every free text that an answer can hold, as `Schema.field`. */
export function freeTexts(): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const look = (schema: Schema, place: string): void => {
    const [meant, name] = named(schema, place);
    if (name !== place) {
      if (seen.has(name)) return;
      seen.add(name);
    }
    if (isText(meant) && name.includes('.')) found.add(name);
    if (meant.items) look(meant.items, name);
    for (const [key, property] of Object.entries(meant.properties ?? {})) look(property, `${name}.${key}`);
  };
  for (const by of Object.values(contract.paths)) {
    for (const { responses } of Object.values(by)) {
      for (const { content } of Object.values(responses ?? {})) {
        for (const { schema } of Object.values(content ?? {})) if (schema) look(schema, '');
      }
    }
  }
  return found;
}
