// The public log, and what is refused.

export const log = {
  verified: 'Verified in your browser',
  stopped: 'This session was stopped',
  save: 'Save evidence',
  again: 'Check again',
} as const;

export const attacks = {
  keys: /are not in the public log of keys/,
  keysChanged: /The keys of \w+ are not the ones seen before|The server shows older keys/,
  logDenied: /This server says that it keeps no public log, where/,
  accessOlder: /The server shows an older access list/,
  versionOlder: /The server shows an older version of this report/,
  withdrawn: /The server presents an access that was withdrawn/,
  file: /was damaged or exchanged/,
  record: /The record of who did what has a gap or a change at event \d+/,
  otherServer: /This server is not the one this account belongs to/,
  grant: /Entry \d+ of this report’s access list was not made by anyone who may: entry \d+: the signature does not match/,
  expired: /The server presents an access that has expired/,
  wrap: (version: number) => new RegExp(`The key to version ${version} was not made for this place`),
  wayIn: /A way into this account was not made by its holder/,
  roster: /members or a key of the team [0-9a-f]{64} that its managers did not sign: roster 1: the signature does not match/,
  versionElsewhere: (version: number) => new RegExp(`Version ${version} of this report is forged: it belongs to another report, version or revision`),
  tooFewWitnesses: /Only 0 of the 1 independent witnesses that this device asks for vouch for the server’s public log/,
  stale: /a state of its public log that the witnesses vouched for 48 hours ago/,
} as const;
