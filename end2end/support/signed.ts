// What accounts sign, as whoever runs the server could make it up: right to the last field, and signed by a key that is not the
// account's (docs/protocol.md).
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { fields, list, type Json } from './liar.ts';

const VERSION = 1;
const XWING = 0x647a;
const XWING_LENGTH = 1216;
/** A number that no event of a test's log has: the log doesn't reach it. */
const BEYOND = 1_000_000_000;
const DENIED = 2;
/** `Right::View`, `Recipient::Account` and `Change::Grant` of crates/crypto. */
const [VIEW, TO_ACCOUNT, GRANT] = [1, 1, 1];
const MANAGER = 2;

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Bytes as JSON has them. */
function bytes(text: Json | undefined): Buffer {
  if (typeof text !== 'string') throw new Error('these are no bytes');
  return Buffer.from(text, 'base64url');
}

/** An integer, big-endian. */
function number(value: number | bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
}

/** One more, of the same length. */
function next(before: Buffer): Buffer {
  return number(BigInt(`0x${before.toString('hex')}`) + 1n, before.length);
}

/** Fields, each behind its length. */
function apart(row: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < row.length; ) {
    const end = at + 4 + row.readUInt32BE(at);
    if (end > row.length) throw new Error('these bytes are no fields');
    found.push(row.subarray(at + 4, end));
    at = end;
  }
  return found;
}

function together(parts: Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [number(part.length, 4), part]));
}

/** The fields of a signed object: so many, or this test is older than the format. */
function fieldsOf(signed: Buffer, count: number): Buffer[] {
  const found = apart(signed.subarray(5, 5 + signed.readUInt32BE(1)));
  if (signed[0] !== VERSION || found.length !== count) throw new Error('this object is of another format');
  return found;
}

/** Signed by a key that nobody knows. */
function signed(object: string, parts: Buffer[]): Buffer {
  const body = together(parts);
  const said = Buffer.concat([Buffer.from(`healthsecure/v1/${object}\0`), body]);
  const signature = sign(null, said, generateKeyPairSync('ed25519').privateKey);
  return Buffer.concat([number(VERSION, 1), number(body.length, 4), body, signature]);
}

function id(account: Json): Buffer {
  return Buffer.from(String(fields(account).id), 'hex');
}

/** The key that is sealed to, of an account's newest record. */
function sealingKey(account: Json): Buffer {
  const key = fieldsOf(bytes(list(account, 'key_records').at(-1)), 9)[5]!;
  if (key.length !== XWING_LENGTH) throw new Error('this is no X-Wing key');
  return key;
}

/** An entry that goes on from the last one, in the name of whoever made that: an accomplice may read. */
export function grantTo(accomplice: Json, last: Json | undefined): string {
  const before = bytes(last);
  const entry = fieldsOf(before, 8);
  const epoch = list(accomplice, 'key_records').length - 1;
  const recipient = [number(TO_ACCOUNT, 1), id(accomplice), number(epoch, 4), number(XWING, 2), sha256(sealingKey(accomplice))];
  const terms = [number(VIEW, 1), Buffer.from('treatment')];
  // All versions, without end, under no other grant.
  const reach = [number(1, 4), number(0xffff_ffff, 4), number(0, 8), Buffer.alloc(0)];
  const grant = [randomBytes(16), together(recipient), ...terms, ...reach];
  [entry[1], entry[2], entry[3]] = [next(entry[1]!), sha256(before), next(entry[3]!)];
  [entry[6], entry[7]] = [number(GRANT, 1), together(grant)];
  return signed('access-entry', entry).toString('base64url');
}

/** A roster that goes on from a team's newest, in its author's name: an accomplice is a manager, and has the team's new key. */
export function rosterWith(accomplice: Json, rosters: Json): Buffer {
  const before = bytes(list(rosters, 'rosters').at(-1));
  const roster = fieldsOf(before, 10);
  const members = apart(roster[6]!);
  const joined: [Buffer, Buffer][] = [[id(accomplice), number(MANAGER, 1)]];
  for (let at = 0; at + 1 < members.length; at += 2) joined.push([members[at]!, members[at + 1]!]);
  joined.sort(([a], [b]) => Buffer.compare(a, b));
  [roster[0], roster[1], roster[2]] = [id(rosters), next(roster[1]!), sha256(before)];
  [roster[4], roster[5], roster[6]] = [next(roster[4]!), sealingKey(accomplice), together(joined.flat())];
  roster[9] = next(roster[9]!);
  return signed('team-roster', roster);
}

/** What stands for a roster in the log of keys (crates/tlog, leaf/key.rs). */
export function rosterLeaf(team: string, seq: number, roster: Buffer): Buffer {
  return Buffer.concat([Buffer.from([1, 1]), sha256(Buffer.from(team, 'hex')), number(seq, 4), sha256(sha256(roster))]);
}

/** A way in whose account key will go to an accomplice. */
export function wayInOf(accomplice: Json, record: Json | undefined): string {
  const way = fieldsOf(bytes(record), 10);
  way[3] = sealingKey(accomplice);
  return signed('way-in', way).toString('base64url');
}

/** A wrapped key as if it were another version's. Nobody signs wraps: what they are for is bound into how they are sealed. */
export function relabelled(wrap: Json, version: number): Json {
  const stored = bytes(fields(wrap).wrap);
  const parts = apart(stored.subarray(1));
  parts[1] = number(version, 4);
  return { ...fields(wrap), version, wrap: Buffer.concat([stored.subarray(0, 1), together(parts)]).toString('base64url') };
}

/** A wrapped key with what another one holds in its place: it says of itself what it said. */
export function resealed(wrap: Json, other: Json): Json {
  const stored = bytes(fields(wrap).wrap);
  const parts = apart(stored.subarray(1));
  parts[parts.length - 1] = apart(bytes(fields(other).wrap).subarray(1)).at(-1)!;
  return { ...fields(wrap), wrap: Buffer.concat([stored.subarray(0, 1), together(parts)]).toString('base64url') };
}

/** An event about this, newer than all others and too new for the log. Nobody signs events; each has a hash of all that it says. */
export function eventSaying(subject: string): Json {
  const [time, nothing] = [Date.now(), Buffer.alloc(0)];
  const who = [nothing, nothing];
  const what = [Buffer.from('system'), number(DENIED, 1), nothing, nothing, number(1, 4), Buffer.from(subject)];
  const body = together([number(BEYOND, 16), number(time, 8), ...who, ...what]);
  const hash = sha256(Buffer.concat([Buffer.from('healthsecure/v1/audit-event\0'), body]));
  return { seq: BEYOND, time, action: 'system', outcome: 'denied', subject, hash: hash.toString('base64url') };
}
