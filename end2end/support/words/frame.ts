// Around every page.

export const common = {
  showPassword: 'Show password',
  hidePassword: 'Hide password',
} as const;

export const frame = {
  reports: 'Reports',
  shared: 'Shared with me',
  access: 'Access',
  contacts: 'Contacts',
  teams: 'Care teams',
  administration: 'Administration',
  settings: 'Settings',
  lock: 'Lock',
  lockedIdle: /^Locked because nothing happened for 1 min/,
  signOut: 'Sign out',
} as const;

export const alarms = {
  banner: 'Share nothing for now: a key is in doubt',
  link: 'Read what it means and what to do',
  title: 'Alarms',
  none: /^No alarm\./,
  unread: /^The log could not be read, so nobody knows/,
  unreadTitle: 'The public log of keys can’t be read',
  ownKey: /Keys were added to your account that none of your devices made/,
  ownAddressOther: /Your e-mail address was bound to another account/,
  ownAddressAgain: /Your e-mail address was bound to your account a second time/,
  acknowledge: 'I have read this',
} as const;

export const errors = {
  notFoundTitle: 'Nothing here',
  noPermissionTitle: 'Not for your role',
} as const;
