//! The access chain's entries as bytes: the tables of docs/protocol.md, field by field.

use super::chain::{
    AccessEntry, AccountRecipient, Change, Claim, Custody, Grant, Purpose, Recipient, Right, TeamKey, TeamRecipient,
    Versions,
};
use crate::{
    encoding::{DecodeError, Reader, Writer},
    ids::{AccountId, GrantId, Hash32, PlaceholderId, ReportId, TeamId},
    kem::{RecipientKey, Suite},
    sign::{PublicSigningKey, SignedObject},
};

impl SignedObject for AccessEntry {
    const NAME: &'static str = "access-entry";
    const LIMIT: usize = 8192;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.report.as_ref())
            .u64(self.seq)
            .bytes(self.previous.as_ref())
            .time(self.time)
            .bytes(self.author.as_ref())
            .u32(self.epoch);
        match &self.change {
            Change::Grant(grant) => w.u8(1).nested(|w| write_grant(grant, w)),
            Change::Revoke(grant) => w.u8(2).nested(|w| {
                w.bytes(grant.as_ref());
            }),
            Change::Claim(claim) => w.u8(3).nested(|w| write_claim(claim, w)),
            Change::Custody(custody) => w.u8(4).nested(|w| {
                w.bytes(custody.grant.as_ref());
                write_account(&custody.recipient, w);
            }),
            Change::Erase => w.u8(5).nested(|_| {}),
            Change::TeamKey(key) => w.u8(6).nested(|w| {
                w.bytes(key.grant.as_ref());
                write_team(&key.recipient, w);
            }),
        };
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let report = ReportId(r.array("report")?);
        let seq = r.u64("seq")?;
        let previous = Hash32(r.array("previous")?);
        let time = r.time("time")?;
        let author = AccountId(r.array("author")?);
        let epoch = r.u32("epoch")?;
        let kind = r.u8("kind")?;
        let mut body = r.nested("change", Self::LIMIT)?;
        let change = read_change(kind, &mut body)?;
        body.finish()?;
        Ok(Self { report, seq, previous, time, author, epoch, change })
    }
}

fn read_change(kind: u8, r: &mut Reader<'_>) -> Result<Change, DecodeError> {
    Ok(match kind {
        1 => Change::Grant(read_grant(r)?),
        2 => Change::Revoke(GrantId(r.array("grant")?)),
        3 => Change::Claim(Claim {
            grant: GrantId(r.array("grant")?),
            recipient: read_account(r)?,
            record: Hash32(r.array("record")?),
            signature: r.array("signature")?,
        }),
        4 => Change::Custody(Custody { grant: GrantId(r.array("grant")?), recipient: read_account(r)? }),
        5 => Change::Erase,
        6 => Change::TeamKey(TeamKey { grant: GrantId(r.array("grant")?), recipient: read_team(r)? }),
        tag => return Err(DecodeError::UnknownTag { field: "kind", tag: tag.into() }),
    })
}

fn write_claim(claim: &Claim, w: &mut Writer) {
    w.bytes(claim.grant.as_ref());
    write_account(&claim.recipient, w);
    w.bytes(claim.record.as_ref()).bytes(&claim.signature);
}

fn write_account(recipient: &AccountRecipient, w: &mut Writer) {
    w.bytes(recipient.account.as_ref())
        .u32(recipient.epoch)
        .u16(recipient.suite.id())
        .bytes(recipient.key_hash.as_ref());
}

fn read_account(r: &mut Reader<'_>) -> Result<AccountRecipient, DecodeError> {
    Ok(AccountRecipient {
        account: AccountId(r.array("account")?),
        epoch: r.u32("epoch")?,
        suite: Suite::from_id(r.u16("suite")?)?,
        key_hash: Hash32(r.array("key hash")?),
    })
}

fn write_team(recipient: &TeamRecipient, w: &mut Writer) {
    w.bytes(recipient.team.as_ref())
        .bytes(recipient.roster.as_ref())
        .u32(recipient.key_epoch)
        .bytes(recipient.key_hash.as_ref());
}

fn read_team(r: &mut Reader<'_>) -> Result<TeamRecipient, DecodeError> {
    Ok(TeamRecipient {
        team: TeamId(r.array("team")?),
        roster: Hash32(r.array("roster")?),
        key_epoch: r.u32("key epoch")?,
        key_hash: Hash32(r.array("key hash")?),
    })
}

fn write_recipient(recipient: &Recipient, w: &mut Writer) {
    match recipient {
        Recipient::Account(account) => {
            w.u8(1);
            write_account(account, w);
        }
        Recipient::Code { account, epoch, key, proof, sealed_seed } => {
            w.u8(2)
                .bytes(account.as_ref())
                .u32(*epoch)
                .bytes(key.as_bytes())
                .bytes(&proof.0)
                .bytes(sealed_seed.as_ref());
        }
        Recipient::Bearer { placeholder, key, claim } => {
            w.u8(3).bytes(placeholder.as_ref()).bytes(key.as_bytes()).bytes(&claim.0);
        }
        Recipient::Team(team) => {
            w.u8(4);
            write_team(team, w);
        }
    }
}

fn read_grant_key(r: &mut Reader<'_>) -> Result<RecipientKey, DecodeError> {
    RecipientKey::new(Suite::XWing, r.bytes("grant key", Suite::XWing.public_len())?)
}

fn read_recipient(r: &mut Reader<'_>) -> Result<Recipient, DecodeError> {
    Ok(match r.u8("recipient kind")? {
        1 => Recipient::Account(read_account(r)?),
        2 => Recipient::Code {
            account: AccountId(r.array("account")?),
            epoch: r.u32("epoch")?,
            key: read_grant_key(r)?,
            proof: PublicSigningKey(r.array("proof key")?),
            sealed_seed: Hash32(r.array("sealed seed hash")?),
        },
        3 => Recipient::Bearer {
            placeholder: PlaceholderId(r.array("placeholder")?),
            key: read_grant_key(r)?,
            claim: PublicSigningKey(r.array("claim key")?),
        },
        4 => Recipient::Team(read_team(r)?),
        tag => return Err(DecodeError::UnknownTag { field: "recipient kind", tag: tag.into() }),
    })
}

fn write_grant(grant: &Grant, w: &mut Writer) {
    w.bytes(grant.id.as_ref())
        .nested(|w| write_recipient(&grant.recipient, w))
        .u8(grant.right as u8)
        .text(grant.purpose.as_str())
        .u32(grant.versions.from)
        .u32(grant.versions.to)
        .time(grant.expires_at)
        .bytes(grant.parent.as_ref().map_or(&[][..], |p| p.as_ref()));
}

fn read_grant(r: &mut Reader<'_>) -> Result<Grant, DecodeError> {
    let id = GrantId(r.array("grant")?);
    let mut inner = r.nested("recipient", 4096)?;
    let recipient = read_recipient(&mut inner)?;
    inner.finish()?;
    let right = Right::from_tag(r.u8("right")?)?;
    let purpose = Purpose::new(&r.text("purpose", 32)?)?;
    let versions = Versions { from: r.u32("versions from")?, to: r.u32("versions to")? };
    if versions.from == 0 || versions.from > versions.to {
        return Err(DecodeError::Invalid { field: "versions" });
    }
    let expires_at = r.time("expires at")?;
    let parent = r.optional("parent")?.map(GrantId);
    Ok(Grant { id, recipient, right, purpose, versions, expires_at, parent })
}
