// Every word of the page that a test looks for: the one place to touch when the page says something else.
// The page's own strings are in app/locales/en.
import { data, devices, leaving, newKeys, security, settings, tokens } from './words/account.ts';
import { administration, backups, policies } from './words/administration.ts';
import { alarms, common, errors, frame } from './words/frame.ts';
import { attacks, log } from './words/log.ts';
import { contacts, emergency, escrow, scan, shares, teams, trusted } from './words/people.ts';
import { access, draft, report, reports, share, shared, versions } from './words/reports.ts';
import { changeEmail, identities, passkeys, phones, recover, secondStep, signIn, signUp, verifyEmail } from './words/signing_in.ts';

export const words = {
  common,
  signUp,
  signIn,
  secondStep,
  verifyEmail,
  changeEmail,
  recover,
  frame,
  reports,
  draft,
  report,
  teams,
  share,
  shared,
  contacts,
  access,
  alarms,
  log,
  attacks,
  administration,
  scan,
  settings,
  security,
  data,
  leaving,
  newKeys,
  passkeys,
  identities,
  phones,
  emergency,
  shares,
  escrow,
  trusted,
  versions,
  tokens,
  devices,
  backups,
  policies,
  errors,
} as const;
