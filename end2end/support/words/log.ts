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
  accessOlder: /The server shows an older access list/,
  versionOlder: /The server shows an older version of this report/,
  withdrawn: /The server presents an access that was withdrawn/,
  file: /was damaged or exchanged/,
  record: /This record could not be verified/,
  otherServer: /This server is not the one this account belongs to/,
} as const;
