//! Drafts, uploads, reports.

use api_types::{
    AccountId, B64, ErrorCode, Problem, ReportId, UploadId,
    audit::AuditEventList,
    closing::{EraseReport, ErasedReport},
    drafts::{Draft, DraftList, PutDraft},
    grants::Wrap,
    reports::{
        CreateReport, NewVersion, OwnGrant, Report as ReportBody, ReportItem, ReportList, ReportPeople, VersionContent,
        VersionItem,
    },
    uploads::{CreateUpload, Upload as UploadBody},
};
use client::transport::{Method, Request};
use crypto::{
    format::Geometry,
    report::{AccessState, Manifest},
    sign::Signed,
};

use super::{Answer, Db, Fake, Report, Revision, Upload, accounts::public, json, no, random, read};

fn upload_body(id: &UploadId, of: &Upload) -> UploadBody {
    let asked = &of.asked;
    UploadBody {
        id: *id,
        report_id: asked.report_id,
        version: asked.version,
        revision: asked.revision,
        part: asked.part,
        ciphertext_len: asked.ciphertext_len,
        segments: Geometry::of_ciphertext(asked.ciphertext_len).unwrap().segments() as u32,
        received: of.segments.keys().copied().collect(),
        expires_at: i64::MAX,
    }
}

/// The parts of a version; an upload that is no longer there was voided by a later one, as an honest server does.
fn take(db: &mut Db, report: &ReportId, body: NewVersion) -> Result<Revision, Problem> {
    let mut parts = vec![body.part0.0.clone()];
    let mut uploads = body.uploads.iter();
    let manifest = Signed::<Manifest>::parse(&body.manifest.0).unwrap();
    for described in manifest.claimed().parts.iter().skip(1) {
        let part = match described.carried {
            Some(from) => {
                let source = db.reports[report].versions[&from.version].last().unwrap();
                assert_eq!(source.body.revision, from.revision);
                source.parts[from.part as usize].clone()
            }
            None => {
                let upload = db.uploads.remove(uploads.next().unwrap()).ok_or_else(|| no(ErrorCode::Gone))?;
                upload.segments.values().flat_map(|s| s.to_vec()).collect()
            }
        };
        assert_eq!(part.len() as u64, described.ciphertext_len);
        parts.push(part);
    }
    assert!(uploads.next().is_none());
    Ok(Revision { body, parts })
}

/// Whether a version is the next one, and sealed for who has access now, as an honest server asks.
fn may_follow(state: &AccessState, report: &Report, body: &NewVersion) -> Result<(), Problem> {
    let (latest, _) = report.versions.last_key_value().unwrap();
    if body.version != latest + 1 {
        return Err(Problem { latest_version: Some(*latest), ..no(ErrorCode::VersionMoved) });
    }
    let manifest = Signed::<Manifest>::parse(&body.manifest.0).unwrap();
    if manifest.claimed().access_head != state.head() {
        return Err(no(ErrorCode::AccessHeadMoved));
    }
    let all = report.versions.values().flatten();
    let newest = all.map(|revision| Signed::<Manifest>::parse(&revision.body.manifest.0).unwrap());
    let newest = newest.max_by_key(|manifest| manifest.claimed().seq).unwrap();
    match manifest.claimed().previous == newest.hash() {
        true => Ok(()),
        false => Err(Problem { latest_version: Some(*latest), ..no(ErrorCode::VersionMoved) }),
    }
}

impl Fake {
    pub(super) fn drafts(&self, request: &Request, parts: &[&str], me: &AccountId) -> Option<Answer> {
        let mut db = self.db();
        let body =
            |id: &ReportId, of: &(B64, u64)| Draft { id: *id, sealed: of.0.clone(), counter: of.1, updated_at: 0 };
        let mine = |id: &str| (id.parse::<ReportId>().unwrap(), *me);
        Some(match (request.method, parts) {
            (Method::Get, ["drafts"]) => json(&DraftList {
                items: db.drafts.iter().filter(|((_, of), _)| of == me).map(|((id, _), d)| body(id, d)).collect(),
            }),
            (Method::Get, ["drafts", id]) => {
                let key = mine(id);
                db.drafts.get(&key).map_or(Err(no(ErrorCode::NotFound)), |d| json(&body(&key.0, d)))
            }
            (Method::Put, ["drafts", id]) => {
                let key = mine(id);
                let put: PutDraft = read(request);
                if db.drafts.get(&key).is_some_and(|d| d.1 == put.counter && d.0 == put.sealed) {
                    return Some(json(&()));
                }
                let follows = |d: &(B64, u64)| !put.begins && d.1 + 1 == put.counter;
                if !db.drafts.get(&key).map_or(put.begins, follows) {
                    return Some(Err(no(ErrorCode::CounterStale)));
                }
                db.drafts.insert(key, (put.sealed, put.counter));
                json(&())
            }
            (Method::Delete, ["drafts", id]) => {
                db.drafts.remove(&mine(id));
                json(&())
            }
            (Method::Post, ["uploads"]) => {
                let asked: CreateUpload = read(request);
                if asked.revision > 0 {
                    let place = |a: &CreateUpload| (a.report_id, a.version, a.revision, a.part);
                    db.uploads.retain(|_, upload| place(&upload.asked) != place(&asked));
                }
                let (id, upload) = (UploadId(random()), Upload { asked, segments: Default::default() });
                let body = upload_body(&id, &upload);
                db.uploads.insert(id, upload);
                json(&body)
            }
            (Method::Get, ["uploads", id]) => {
                let id = id.parse().unwrap();
                db.uploads.get(&id).map_or(Err(no(ErrorCode::NotFound)), |u| json(&upload_body(&id, u)))
            }
            (Method::Delete, ["uploads", id]) => {
                db.uploads.remove(&id.parse().unwrap());
                json(&())
            }
            _ => return None,
        })
    }

    pub(super) fn reports(&self, request: &Request, parts: &[&str], _: &str, me: &AccountId) -> Option<Answer> {
        let mut db = self.db();
        let found = |id: &str| -> ReportId { id.parse().unwrap() };
        Some(match (request.method, parts) {
            (Method::Post, ["reports"]) => {
                let body: CreateReport = read(request);
                let id = ReportId(crypto::encoding::sha256(&body.genesis.0).0);
                if db.reports.contains_key(&id) {
                    return Some(Err(no(ErrorCode::Conflict)));
                }
                let wraps = body.version.wraps.clone();
                let revision = match take(&mut db, &id, body.version) {
                    Ok(revision) => revision,
                    Err(problem) => return Some(Err(problem)),
                };
                db.cursor += 1;
                let cursor = db.cursor;
                let mut report =
                    Report { genesis: body.genesis, entries: body.entries, wraps, cursor, ..Default::default() };
                report.versions.insert(1, vec![revision]);
                db.reports.insert(id, report);
                db.drafts.remove(&(id, *me));
                json(&self.report_body(&db, &id, me))
            }
            (Method::Post, ["reports", id, "versions"]) => {
                let id = found(id);
                let body: NewVersion = read(request);
                let there = db.reports[&id].versions.get(&body.version);
                if there.is_some_and(|revisions| revisions[0].body.manifest == body.manifest) {
                    return Some(json(&()));
                }
                if let Err(refused) = may_follow(&self.replay(&db, &id), &db.reports[&id], &body) {
                    return Some(Err(refused));
                }
                let (draft, version) = (body.draft, body.version);
                let revision = match take(&mut db, &id, body) {
                    Ok(revision) => revision,
                    Err(problem) => return Some(Err(problem)),
                };
                if draft.is_some() && db.drafts.get(&(id, *me)).map(|d| d.1) == draft {
                    db.drafts.remove(&(id, *me));
                }
                db.cursor += 1;
                let cursor = db.cursor;
                let report = db.reports.get_mut(&id).unwrap();
                report.wraps.extend(revision.body.wraps.clone());
                report.versions.insert(version, vec![revision]);
                report.cursor = cursor;
                json(&())
            }
            (Method::Get, ["reports"]) => self.report_list(&db, me),
            (Method::Get, ["reports", id]) if db.reports.get(&found(id)).is_some_and(|report| report.erased) => {
                Err(no(ErrorCode::ReportErased))
            }
            (Method::Get, ["reports", id, "erasure"]) => {
                let report = &db.reports[&found(id)];
                json(&ErasedReport {
                    genesis: report.genesis.clone(),
                    entries: report.entries.clone(),
                    people: db.accounts.iter().map(|(id, a)| public(id, a)).collect(),
                    devices: db.devices.clone(),
                })
            }
            (Method::Post, ["reports", id, "erasure"]) => {
                let body: EraseReport = read(request);
                let report = db.reports.get_mut(&found(id)).unwrap();
                report.entries.push(body.entry);
                (report.erased, report.wraps) = (true, Vec::new());
                json(&())
            }
            (Method::Get, ["reports", id]) => {
                let id = found(id);
                if !db.reports.contains_key(&id) || self.visible(&db, &id, me).is_empty() {
                    return Some(Err(no(ErrorCode::NotFound)));
                }
                json(&self.report_body(&db, &id, me))
            }
            // Whoever asks for events lies about them.
            (Method::Get, ["reports", _, "events"]) => json(&AuditEventList { items: Vec::new(), next: None }),
            (Method::Get, ["reports", _, "people"]) => json(&ReportPeople {
                items: db.accounts.iter().map(|(id, a)| public(id, a)).collect(),
                teams: db.teams.keys().map(|id| Self::rosters(&db, id)).collect(),
                devices: db.devices.clone(),
            }),
            (Method::Get, ["reports", id, "versions", version]) => {
                let id = found(id);
                let version: u32 = version.parse().unwrap();
                let report = &db.reports[&id];
                let revision = &report.versions[&version].last().unwrap().body;
                json(&VersionContent {
                    version,
                    revision: revision.revision,
                    manifest: revision.manifest.clone(),
                    statement: revision.statement.clone(),
                    part0: revision.part0.clone(),
                    wraps: self.wraps(&db, &id, me, version, revision.revision),
                })
            }
            (Method::Post, ["reports", id, "versions", version, "revisions"]) => {
                let (id, version): (_, u32) = (found(id), version.parse().unwrap());
                let body: NewVersion = read(request);
                let current = &db.reports[&id].versions[&version].last().unwrap().body;
                if current.manifest == body.manifest {
                    return Some(json(&()));
                }
                if current.revision + 1 != body.revision {
                    return Some(Err(no(ErrorCode::Conflict)));
                }
                let revision = match take(&mut db, &id, body) {
                    Ok(revision) => revision,
                    Err(problem) => return Some(Err(problem)),
                };
                db.cursor += 1;
                let cursor = db.cursor;
                let report = db.reports.get_mut(&id).unwrap();
                report.wraps.retain(|w| w.version != version);
                report.wraps.extend(revision.body.wraps.clone());
                report.versions.get_mut(&version).unwrap().push(revision);
                report.due.remove(&version);
                report.cursor = cursor;
                json(&())
            }
            _ => return None,
        })
    }

    fn wraps(&self, db: &Db, id: &ReportId, me: &AccountId, version: u32, revision: u32) -> Vec<Wrap> {
        let grants = self.visible(db, id, me);
        let fits =
            |w: &&Wrap| w.version == version && w.revision == revision && grants.iter().any(|g| g.id == w.grant_id);
        db.reports[id].wraps.iter().filter(fits).cloned().collect()
    }

    /// The answer to `GET /reports/{id}` as it is now.
    pub fn report_as_seen_by(&self, id: &ReportId, me: &AccountId) -> serde_json::Value {
        serde_json::to_value(self.report_body(&self.db(), id, me)).unwrap()
    }

    fn report_body(&self, db: &Db, id: &ReportId, me: &AccountId) -> ReportBody {
        let report = &db.reports[id];
        let version = |(version, revisions): (&u32, &Vec<Revision>)| {
            let current = &revisions.last().unwrap().body;
            VersionItem {
                version: *version,
                revision: current.revision,
                manifest: current.manifest.clone(),
                created_at: 0,
                wraps: self.wraps(db, id, me, *version, current.revision),
                rekey_pending: report.due.contains(version),
            }
        };
        let state = self.replay(db, id);
        let mine: Vec<_> = state.grants_of(crypto::ids::AccountId(me.0)).collect();
        let covered = |version: &u32| mine.iter().any(|g| g.grant.versions.contains(*version));
        let manifests =
            |revisions: &[Revision]| -> Vec<B64> { revisions.iter().rev().map(|r| r.body.manifest.clone()).collect() };
        let superseded = report
            .versions
            .iter()
            .flat_map(|(v, all)| manifests(all).into_iter().skip(usize::from(covered(v))).collect::<Vec<_>>())
            .collect();
        ReportBody {
            id: *id,
            genesis: report.genesis.clone(),
            entries: report.entries.clone(),
            versions: report.versions.iter().filter(|(v, _)| covered(v)).map(version).collect(),
            superseded,
            grants: self.visible(db, id, me),
            created_at: 0,
            updated_at: 0,
        }
    }

    fn report_list(&self, db: &Db, me: &AccountId) -> Answer {
        let mut items = Vec::new();
        for id in db.reports.keys() {
            let Some(grant) = self.visible(db, id, me).into_iter().next() else { continue };
            items.push(self.item(db, id, me, grant));
        }
        items.sort_by_key(|item| std::cmp::Reverse(item.cursor));
        json(&ReportList { items, gone: Vec::new(), erased: Vec::new(), next: None, head: db.cursor })
    }

    fn item(&self, db: &Db, id: &ReportId, me: &AccountId, grant: OwnGrant) -> ReportItem {
        let report = &db.reports[id];
        let (version, revisions) = report.versions.last_key_value().unwrap();
        let current = &revisions.last().unwrap().body;
        let wrap = self.wraps(db, id, me, *version, current.revision).remove(0).wrap;
        let state = self.replay(db, id);
        ReportItem {
            id: *id,
            cursor: report.cursor,
            creator: AccountId(state.genesis().creator.0),
            owner: AccountId(state.owner().0),
            created_at: 0,
            updated_at: 0,
            version: *version,
            revision: current.revision,
            manifest: current.manifest.clone(),
            part0: current.part0.clone(),
            access_head: B64(state.head().0.to_vec()),
            grant,
            wrap,
            rekey_pending: !report.due.is_empty(),
        }
    }
}
