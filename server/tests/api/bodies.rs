//! Bodies of changes of one's own account that can be read and are worth nothing: who may send them is decided before
//! what is sealed in them is looked at.

use api_types::{
    B64, WayInId,
    accounts::{ChangePassword, ChangeRecoveryKit, RotateAccountKey, RotateKeys, Rotation, StartPasswordChange},
    closing::DeleteAccount,
    emergency::{NewEmergencyContact, RemoveEmergencyContact},
    escrow::{NewAccountEscrow, RemoveAccountEscrow},
    passkeys::{NewPasskey, RemovePasskey},
    recovery_shares::{NewRecoverySplit, RemoveRecoverySplit},
    sessions::{FinishConfirmation, StartConfirmation},
    sign_up::NewWayIn,
};
use serde::Serialize;
use serde_json::Value;

fn nothing() -> B64 {
    B64(vec![1])
}

fn way_in() -> NewWayIn {
    NewWayIn { id: WayInId([0; 16]), record: nothing(), proof_key: None }
}

fn rotation() -> Rotation {
    Rotation {
        password: way_in(),
        recovery_kit: way_in(),
        passkeys: Vec::new(),
        emergency_contacts: Vec::new(),
        recovery_shares: Vec::new(),
        escrow: Vec::new(),
        keyring: nothing(),
        client_state: nothing(),
        client_state_counter: 1,
    }
}

fn passkey() -> NewPasskey {
    NewPasskey {
        ceremony_id: nothing(),
        label: "Key".to_owned(),
        credential_id: nothing(),
        client_data: nothing(),
        attestation_object: nothing(),
        way_in: None,
        announced_in: None,
    }
}

fn body(value: impl Serialize) -> Option<Value> {
    Some(serde_json::to_value(value).unwrap())
}

/// That of an operation.
pub fn faulty(operation: &str) -> Option<Value> {
    let (statement, sealed, way_in, rotation) = (nothing(), nothing(), way_in(), rotation());
    match operation {
        "start_confirmation" => body(StartConfirmation { credential_request: sealed }),
        "finish_confirmation" => {
            body(FinishConfirmation { sign_in_id: statement, credential_finalization: sealed, second_factor: None })
        }
        "start_password_change" => body(StartPasswordChange { registration_request: sealed }),
        "change_password" => body(ChangePassword { registration_upload: sealed, rotation }),
        "change_recovery_kit" => body(ChangeRecoveryKit { rotation }),
        "rotate_account_key" => body(RotateAccountKey { rotation }),
        "rotate_keys" => body(RotateKeys { key_record: statement, rotation }),
        "delete_account" => body(DeleteAccount { email: "p0@example.org".to_owned(), statement }),
        "add_passkey" => body(passkey()),
        "remove_passkey" => body(RemovePasskey { rotation }),
        "add_emergency_contact" => body(NewEmergencyContact { statement, sealed, way_in }),
        "remove_emergency_contact" => body(RemoveEmergencyContact { rotation }),
        "make_recovery_split" => body(NewRecoverySplit { statement, sealed: vec![sealed], way_in }),
        "remove_recovery_split" => body(RemoveRecoverySplit { rotation }),
        "add_escrow" => body(NewAccountEscrow { statement, sealed, way_in }),
        "remove_escrow" => body(RemoveAccountEscrow { rotation }),
        other => panic!("no faulty body is known for {other}"),
    }
}
