//! The list: a page of rows with their sealed fields, opened in bulk.

use api_types::{
    ReportId,
    reports::{ReportItem, ReportList},
};
use crypto::{
    account::KeyDirectory,
    report::{Manifest, RevisionPlace, Wrap},
    sign::Signed,
};

use super::{ReportRow, manifests, open::open_part0, rows::TeamSight};
use crate::{
    api::ListQuery,
    content::PartZero,
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    platform::Platform,
    refusal::Refusal,
    vault::Vault,
};

/// A page of the list.
#[derive(Debug)]
pub struct ListPage {
    /// Rows, newest change first.
    pub rows: Vec<ReportRow>,
    /// Rows that were refused, each with its reason: show them as damaged, don't hide them.
    pub refused: Vec<(ReportId, ClientError)>,
    /// Reports that left the view since [`ListQuery::since`].
    pub gone: Vec<ReportId>,
    /// Pass as [`ListQuery::before`] for older rows.
    pub next: Option<u64>,
    /// Pass as [`ListQuery::since`] next time.
    pub head: u64,
}

impl ListPage {
    /// Whether it has no row at all. Nothing is below such a page, whatever the server says.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.refused.is_empty()
    }
}

/// Rows that are fetched but not opened yet: open them a few at a time, so that a page stays responsive.
pub struct SealedRows {
    items: std::collections::VecDeque<ReportItem>,
    page: ListPage,
}

impl SealedRows {
    /// Rows left to open.
    pub fn remaining(&self) -> usize {
        self.items.len()
    }

    /// What was opened so far, when nothing remains.
    pub fn into_page(self) -> ListPage {
        self.page
    }
}

impl<P: Platform> Vault<P> {
    /// Fetches a page (or what changed) and opens every row.
    ///
    /// # Errors
    /// No connection. A row that is refused doesn't fail the page.
    pub async fn list(&self, query: &ListQuery) -> Result<ListPage> {
        let mut sealed = self.list_sealed(query).await?;
        while self.open_rows(&mut sealed, usize::MAX) > 0 {}
        self.save_state_soon().await;
        Ok(sealed.into_page())
    }

    /// Every row there is, page by page, newest change first. A page that leads no further down ends it.
    ///
    /// # Errors
    /// No connection. A row that is refused doesn't fail the others.
    pub async fn list_all(&self) -> Result<ListPage> {
        let mut query = ListQuery { limit: Some(api_types::limits::PAGE_MAX), ..ListQuery::default() };
        let mut all = self.list(&query).await?;
        let mut next = all.next.filter(|_| !all.is_empty());
        while let Some(before) = next {
            query.before = Some(before);
            let page = self.list(&query).await?;
            next = page.next.filter(|next| *next < before && !page.is_empty());
            all.rows.extend(page.rows);
            all.refused.extend(page.refused);
        }
        all.next = None;
        Ok(all)
    }

    /// One's own reports that were erased, as the server says: [`Vault::oversee_erased`] verifies it. One that it doesn't name is
    /// not found. Those that are `there` already are left out: one may have been erased just after it was fetched.
    ///
    /// # Errors
    /// No connection.
    pub async fn erased_reports(&self, there: &[ReportId]) -> Result<Vec<ReportId>> {
        // What left the list since its beginning, with as few rows as a page may have.
        let query = ListQuery { since: Some(0), limit: Some(1), ..ListQuery::default() };
        let mut erased = self.fetch_list(&query).await?.erased;
        erased.retain(|id| !there.contains(id));
        Ok(erased)
    }

    /// Fetches a page without opening it; key records of its authors are fetched too.
    ///
    /// # Errors
    /// No connection.
    pub async fn list_sealed(&self, query: &ListQuery) -> Result<SealedRows> {
        let ReportList { items, gone, next, head, .. } = self.fetch_list(query).await?;
        self.learn_signers(&items).await?;
        let by_team: Vec<_> = items.iter().filter_map(|item| Some((item.grant.team?, &item.wrap))).collect();
        // A team that is refused fails its own rows, not the page.
        if let Err(e @ ClientError::Transport(_)) = self.ensure_team_keys(&by_team).await {
            return Err(e);
        }
        let page = ListPage { rows: Vec::with_capacity(items.len()), refused: Vec::new(), gone, next, head };
        Ok(SealedRows { items: items.into(), page })
    }

    /// Opens at most `n` rows; says how many it opened or refused. About 1.5 ms each in a browser.
    pub fn open_rows(&self, sealed: &mut SealedRows, n: usize) -> usize {
        let mut done = 0;
        while done < n {
            let Some(item) = sealed.items.pop_front() else { break };
            match self.open_row(&item) {
                Ok(row) => sealed.page.rows.push(row),
                Err(e) => sealed.page.refused.push((item.id, e)),
            }
            done += 1;
        }
        done
    }

    /// The signers of a page's manifests, each looked up once. One that can't be had fails its own rows, not the page.
    async fn learn_signers(&self, items: &[ReportItem]) -> Result<()> {
        let mut asked = std::collections::BTreeSet::new();
        for item in items {
            let Ok(manifest) = Signed::<Manifest>::parse(&item.manifest.0) else { continue };
            let signer = manifest.claimed().signer;
            if self.people().knows(&signer, 0) || !asked.insert(signer) {
                continue;
            }
            match self.person(&signer.api()).await {
                Err(ClientError::Transport(e)) => return Err(e.into()),
                // What is wrong with a signer shows when a row of theirs is opened.
                Err(ClientError::Problem(_)) => self.learn_from_report(&item.id).await?,
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Someone who may not be looked up is still named among their report's people.
    async fn learn_from_report(&self, id: &ReportId) -> Result<()> {
        let asked = self.asking();
        match self.report_people(id).await {
            Ok(people) => {
                self.prove_logged(&people.items).await?;
                for account in &people.items {
                    if let Err(e) = self.learn(account, asked) {
                        tracing::warn!(code = e.code(), "an account's keys were refused");
                    }
                }
                match self.learn_devices(&people.devices, asked).await {
                    Err(ClientError::Transport(e)) => return Err(e.into()),
                    Err(e) => tracing::warn!(code = e.code(), "a device was refused"),
                    Ok(()) => {}
                }
                Ok(())
            }
            Err(ClientError::Transport(e)) => Err(e.into()),
            Err(_) => Ok(()),
        }
    }

    /// Opens a row. What it says is its signer's word: who was entitled to sign shows when the report is opened, so a row
    /// is compared with what was seen of its report and pins nothing.
    fn open_row(&self, item: &ReportItem) -> Result<ReportRow> {
        let place = RevisionPlace { report: item.id.crypto(), version: item.version, revision: item.revision };
        let manifest = manifests::parse(&item.manifest.0, place)?;
        self.check_row_signature(&manifest)?;
        let seen = self.state().reports.get(&place.report).copied().unwrap_or_default();
        manifests::check_newest(&seen, &manifest)?;
        let forged = Refusal::WrapForged { version: item.version };
        let wrap = Wrap::parse(&item.wrap.0).map_err(|_| forged.clone())?;
        if wrap.place != place {
            return Err(forged.into());
        }
        let key = self.content_key(&wrap, &item.grant)?;
        let plain = open_part0(&key, manifest.claimed(), &item.part0.0)?;
        let content = PartZero::parse(&plain)?;
        let team = item.grant.team.map(|team| TeamSight { team, key_epoch: wrap.epoch });
        Ok(ReportRow { team, ..row(item, &manifest, content) })
    }

    fn check_row_signature(&self, manifest: &Signed<Manifest>) -> Result<(), Refusal> {
        let claimed = manifest.claimed();
        let forged = |why: String| Refusal::ManifestForged { version: claimed.place.version, why };
        let people = self.people();
        let key = people.signer(&claimed.signer, claimed.epoch, claimed.time).map_err(|e| forged(e.to_string()))?;
        manifest.verify(key).map_err(|e| forged(e.to_string()))?;
        Ok(())
    }
}

fn row(item: &ReportItem, manifest: &Signed<Manifest>, content: PartZero) -> ReportRow {
    ReportRow {
        id: item.id,
        cursor: item.cursor,
        status: content.status,
        creator: item.creator,
        owner: item.owner,
        author: manifest.claimed().author.api(),
        created_at: item.created_at,
        updated_at: item.updated_at,
        version: item.version,
        revision: item.revision,
        grant: item.grant.id,
        right: item.grant.right,
        expires_at: item.grant.expires_at,
        rekey_pending: item.rekey_pending,
        access_head: item.access_head.clone(),
        access_moved: item.version > 1 || item.access_head.0[..] != manifest.claimed().access_head.0[..],
        team: None,
        fields: content.fields,
        files: content.files,
    }
}
