//! Grants: made, revoked, redeemed, claimed.

use api_types::{
    AccountId, B64, ErrorCode, GrantId, ReportId, TeamId,
    grants::{
        ClaimGrant, CreateGrant, GrantInfo, GrantKind, GrantList, GrantState as Stands, RedeemChallenge, RedeemGrant,
        Redeemed, RevokeGrant, Right, StoreGrantSeed, Wrap,
    },
    reports::OwnGrant,
    sessions::Session,
};
use client::transport::{Method, Request};
use crypto::{
    defence::{Defence, without},
    grant::CodeProof,
    report::{AccessEntry, AccessState, GrantState, GrantStatus, Recipient},
    sign::Signed,
};

use super::{Answer, Db, Fake, json, no, random, read};

fn right(right: crypto::report::Right) -> Right {
    match right {
        crypto::report::Right::View => Right::View,
        crypto::report::Right::Contribute => Right::Contribute,
        crypto::report::Right::Reshare => Right::Reshare,
        crypto::report::Right::Own => Right::Own,
    }
}

impl Fake {
    pub fn replay(&self, db: &Db, id: &ReportId) -> AccessState {
        let report = &db.reports[id];
        let keys = Self::directory(db);
        let entries: Vec<_> = report.entries.iter().map(|e| Signed::parse(&e.0).unwrap()).collect();
        // This server believes its own lies.
        let _believing = without(&[Defence::GenesisSigned, Defence::EntrySignature]);
        AccessState::replay(&Signed::parse(&report.genesis.0).unwrap(), &entries, &keys, self.now()).unwrap()
    }

    /// The grants by which someone sees a report now.
    pub(super) fn visible(&self, db: &Db, id: &ReportId, me: &AccountId) -> Vec<OwnGrant> {
        let (state, report) = (self.replay(db, id), &db.reports[id]);
        let own = |g: &GrantState| {
            let grant = GrantId(g.grant.id.0);
            let seed = report.seeds.get(&grant).cloned();
            let open = matches!(g.grant.recipient, Recipient::Account(_) | Recipient::Team(_)) || seed.is_some();
            open.then(|| OwnGrant {
                id: grant,
                right: right(state.effective_right(g)),
                expires_at: g.grant.expires_at,
                seed,
                team: g.team.as_ref().map(|team| TeamId(team.recipient.team.0)),
            })
        };
        state.grants_of(crypto::ids::AccountId(me.0)).filter_map(own).collect()
    }

    fn stands(&self, report: &super::Report, id: &GrantId, state: &AccessState, g: &GrantState) -> Stands {
        match state.status(g) {
            GrantStatus::Revoked { .. } | GrantStatus::ParentEnded | GrantStatus::HolderClosed => Stands::Revoked,
            GrantStatus::Expired => Stands::Expired,
            GrantStatus::Live if matches!(g.grant.recipient, Recipient::Account(_) | Recipient::Team(_)) => {
                Stands::Live
            }
            GrantStatus::Live if report.seeds.contains_key(id) => Stands::Live,
            GrantStatus::Live if report.tries.get(id).is_some_and(|t| *t >= 5) => Stands::Locked,
            GrantStatus::Live => Stands::Pending,
        }
    }

    fn infos(&self, db: &Db, id: &ReportId) -> Vec<(GrantInfo, Recipient)> {
        let (state, report) = (self.replay(db, id), &db.reports[id]);
        let info = |g: &GrantState| {
            let grant = GrantId(g.grant.id.0);
            let kind = match &g.grant.recipient {
                Recipient::Account(_) => GrantKind::Account,
                Recipient::Code { .. } => GrantKind::Code,
                Recipient::Bearer { .. } => GrantKind::Bearer,
                Recipient::Team(_) => GrantKind::Team,
            };
            let info = GrantInfo {
                id: grant,
                report_id: *id,
                kind,
                state: self.stands(report, &grant, &state, g),
                right: right(g.grant.right),
                granted_by: AccountId(g.issued_by.0),
                granted_by_name: String::new(),
                recipient: g.holder().map(|a| AccountId(a.0)),
                recipient_name: None,
                team: g.team.as_ref().map(|team| TeamId(team.recipient.team.0)),
                created_at: g.issued_at,
                expires_at: g.grant.expires_at,
                tries_left: Some(5 - report.tries.get(&grant).copied().unwrap_or(0)),
                redeemed_at: None,
                revoked_at: None,
            };
            (info, g.grant.recipient.clone())
        };
        state.grants().map(info).collect()
    }

    fn is_for(&self, db: &Db, info: &GrantInfo, to: &Recipient, me: &AccountId) -> bool {
        let mine = match to {
            Recipient::Bearer { placeholder, .. } => {
                db.arrived.get(&api_types::PlaceholderId(placeholder.0)) == Some(me)
            }
            _ => info.recipient == Some(*me),
        };
        mine && !matches!(info.state, Stands::Live | Stands::Revoked)
    }

    fn report_of(&self, db: &Db, grant: &GrantId) -> Option<ReportId> {
        db.reports.keys().find(|id| self.replay(db, id).grant(&crypto::ids::GrantId(grant.0)).is_some()).copied()
    }

    pub(super) fn grants(&self, request: &Request, parts: &[&str], me: &(AccountId, Session)) -> Option<Answer> {
        let mut db = self.db();
        let report_id = |id: &str| -> ReportId { id.parse().unwrap() };
        Some(match (request.method, parts) {
            (Method::Get, ["grants"]) => {
                let all = db.reports.keys().flat_map(|id| self.infos(&db, id));
                json(&GrantList {
                    items: all.filter(|(info, to)| self.is_for(&db, info, to, &me.0)).map(|(info, _)| info).collect(),
                })
            }
            (Method::Get, ["reports", id, "grants"]) => {
                json(&GrantList { items: self.infos(&db, &report_id(id)).into_iter().map(|(i, _)| i).collect() })
            }
            (Method::Post, ["reports", id, "grants"]) => {
                let body: CreateGrant = read(request);
                if let Some(moved) = self.overtaken(&db, &report_id(id), &body.entry, &body.wraps) {
                    return Some(Err(no(moved)));
                }
                self.append(&mut db, &report_id(id), body.entry)?.wraps.extend(body.wraps.clone());
                if let (Some(seed), Some(wrap)) = (body.sealed_seed, body.wraps.first()) {
                    let report = db.reports.get_mut(&report_id(id)).unwrap();
                    report.sealed_seeds.insert(wrap.grant_id, seed);
                }
                json(&())
            }
            (Method::Post, ["reports", id, "grants", grant, "revoke"]) => {
                let body: RevokeGrant = read(request);
                let grant: GrantId = grant.parse().unwrap();
                let report = self.append(&mut db, &report_id(id), body.entry)?;
                report.wraps.retain(|w| w.grant_id != grant);
                report.due = report.versions.keys().copied().collect();
                json(&())
            }
            (Method::Post, ["reports", id, "grants", grant, "claim"]) => {
                let body: ClaimGrant = read(request);
                let report = self.append(&mut db, &report_id(id), body.entry)?;
                report.seeds.insert(grant.parse().unwrap(), body.seed);
                json(&())
            }
            (Method::Post, ["grants", grant, "challenge"]) => {
                let grant: GrantId = grant.parse().unwrap();
                let id = self.report_of(&db, &grant)?;
                let report = &db.reports[&id];
                json(&RedeemChallenge {
                    challenge: B64(random::<32>().to_vec()),
                    tries_left: 5 - report.tries.get(&grant).copied().unwrap_or(0),
                    genesis: report.genesis.clone(),
                    entries: report.entries.clone(),
                })
            }
            (Method::Post, ["grants", grant, "redeem"]) => {
                self.redeem(&mut db, &grant.parse().unwrap(), read(request), me)
            }
            (Method::Put, ["grants", grant, "seed"]) => {
                let grant: GrantId = grant.parse().unwrap();
                let body: StoreGrantSeed = read(request);
                let id = self.report_of(&db, &grant)?;
                db.reports.get_mut(&id)?.seeds.insert(grant, body.seed);
                json(&())
            }
            (Method::Post, ["grants", _, "request-again"]) => json(&()),
            _ => return None,
        })
    }

    /// What an honest server says of an entry that was made for what the report was before.
    pub(super) fn overtaken(&self, db: &Db, id: &ReportId, entry: &B64, wraps: &[Wrap]) -> Option<ErrorCode> {
        let parsed = Signed::<AccessEntry>::parse(&entry.0).unwrap();
        if parsed.claimed().previous != self.replay(db, id).head() {
            return Some(ErrorCode::AccessHeadMoved);
        }
        let newest = |wrap: &Wrap| db.reports[id].versions.get(&wrap.version).map(Vec::len);
        let current = |wrap: &Wrap| newest(wrap) == Some(wrap.revision as usize + 1);
        if wraps.iter().all(current) { None } else { Some(ErrorCode::Conflict) }
    }

    pub(super) fn append<'a>(&self, db: &'a mut Db, id: &ReportId, entry: B64) -> Option<&'a mut super::Report> {
        let head = self.replay(db, id).head();
        let parsed = Signed::<AccessEntry>::parse(&entry.0).unwrap();
        assert_eq!(parsed.claimed().previous, head);
        let report = db.reports.get_mut(id)?;
        report.entries.push(entry);
        Some(report)
    }

    fn redeem(&self, db: &mut Db, grant: &GrantId, body: RedeemGrant, me: &(AccountId, Session)) -> Answer {
        let id = self.report_of(db, grant).ok_or(no(ErrorCode::NotFound))?;
        let state = self.replay(db, &id);
        let found = state.grant(&crypto::ids::GrantId(grant.0)).unwrap();
        let Recipient::Code { proof: key, .. } = &found.grant.recipient else { panic!("not a code") };
        let report = db.reports.get_mut(&id).unwrap();
        let tries = report.tries.entry(*grant).or_default();
        if *tries >= 5 {
            return Err(no(ErrorCode::CodeLocked));
        }
        let proof = Signed::<CodeProof>::parse(&body.signature.0).unwrap();
        let said = proof.claimed();
        assert_eq!((said.session.0, said.account.0, &said.challenge.0[..]), (me.1.id.0, me.0.0, &body.challenge.0[..]));
        if proof.verify(key).is_err() {
            *tries += 1;
            let mut problem = no(ErrorCode::WrongCode);
            problem.tries_left = Some(5 - *tries);
            return Err(problem);
        }
        json(&Redeemed { report_id: id, sealed_seed: report.sealed_seeds[grant].clone() })
    }
}
