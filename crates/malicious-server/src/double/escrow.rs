//! Escrow: the organisation's key, and what accounts sealed to it. A liar's delay is none.

use api_types::{
    AccountId, B64, ErrorCode, WayInId,
    accounts::WayInKind,
    escrow::{
        AccountEscrow, EndEscrowKey, EndedEscrowKey, EscrowOverview, EscrowState, EscrowedAccount, EscrowedSecret,
        NewAccountEscrow, NewEscrowKey, OwnEscrow, RemoveAccountEscrow,
    },
};
use client::transport::{Method, Request};

use super::{
    Answer, Db, Fake,
    accounts::{public, way},
    json, no, read,
};

/// What an account put in escrow.
pub struct Escrowed {
    pub owner: AccountId,
    pub way_in: WayInId,
    pub statement: B64,
    /// The statement of the key that it is shown under.
    pub key: B64,
    /// That the key has ended.
    pub end: Option<B64>,
    pub sealed: B64,
}

impl Escrowed {
    fn row(&self) -> AccountEscrow {
        AccountEscrow {
            way_in: self.way_in,
            statement: self.statement.clone(),
            key: self.key.clone(),
            end: self.end.clone(),
            state: if self.end.is_some() { EscrowState::Ended } else { EscrowState::Open },
            created_at: 0,
            asked_by: None,
            asked_at: Some(0),
            opens_at: Some(0),
            given_at: None,
            refused_at: None,
            ask_again_at: None,
        }
    }

    fn shown(&self, db: &Db) -> EscrowedAccount {
        EscrowedAccount { account: public(&self.owner, &db.accounts[&self.owner]), escrow: self.row() }
    }
}

impl Fake {
    pub(super) fn escrow(&self, request: &Request, parts: &[&str], me: &AccountId) -> Option<Answer> {
        let mut db = self.db();
        Some(match (request.method, parts) {
            (Method::Get, ["account", "escrow"]) => {
                let own = db.escrows.iter().find(|escrow| escrow.owner == *me).map(Escrowed::row);
                json(&OwnEscrow { offered: db.escrow_key.clone(), ended: db.ended_escrow_key.clone(), own })
            }
            (Method::Post, ["account", "escrow"]) => {
                let body: NewAccountEscrow = read(request);
                let key = db.escrow_key.clone().unwrap();
                let (way_in, statement, sealed) = (body.way_in.id, body.statement, body.sealed);
                db.escrows.push(Escrowed { owner: *me, way_in, statement, key, end: None, sealed });
                let of = db.accounts.get_mut(me).unwrap();
                of.ways_in.push(way(&body.way_in, WayInKind::Escrow));
                json(&())
            }
            (Method::Post, ["account", "escrow", id, "remove"]) => {
                let body: RemoveAccountEscrow = read(request);
                db.escrows.retain(|escrow| escrow.way_in.to_string() != *id);
                db.accounts.get_mut(me).unwrap().rotate(body.rotation);
                json(&())
            }
            (Method::Get, ["admin", "escrow"]) => {
                let items = db.escrows.iter().map(|escrow| escrow.shown(&db)).collect();
                let (key, ended) = (db.escrow_key.clone(), db.ended_escrow_key.clone());
                json(&EscrowOverview { key, ended, items, next: None })
            }
            (Method::Post, ["admin", "escrow", "key"]) => {
                let body: NewEscrowKey = read(request);
                db.escrow_key = Some(body.statement);
                json(&())
            }
            (Method::Post, ["admin", "escrow", "key", "end"]) => {
                let body: EndEscrowKey = read(request);
                let ended = db.escrow_key.take().unwrap();
                for escrow in db.escrows.iter_mut().filter(|escrow| escrow.key == ended) {
                    escrow.end = Some(body.statement.clone());
                }
                db.ended_escrow_key = Some(EndedEscrowKey { key: ended, end: body.statement });
                json(&())
            }
            (Method::Post, ["admin", "escrow", "accounts", id, "secret"]) => {
                let found = db.escrows.iter().find(|escrow| escrow.owner.to_string() == *id);
                match found {
                    Some(found) => json(&EscrowedSecret { of: found.shown(&db), sealed: found.sealed.clone() }),
                    None => Err(no(ErrorCode::NotFound)),
                }
            }
            _ => return None,
        })
    }
}
