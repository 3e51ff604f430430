// SPDX-License-Identifier: Apache-2.0

//! The audit log of a vault.

use passkeybackup_aidl::android::security::passkeybackup::{
    AuditPage::AuditPage, AuditVerification::AuditVerification,
};
use sealer_wire::{
    AuditMark, ErrorCode, Id, Owner, Reply, Request, Result, SealedAuditEntry, limits,
};

use super::Core;
use crate::convert::{self, id};
use crate::sealer::unexpected;

/// Entries of one request to the sealer.
const BATCH: u32 = limits::AUDIT_BATCH as u32;

/// A page of the log, and whether all of it is as the sealer wrote it.
pub fn get(
    core: &Core,
    owner: &Owner,
    vault_id: &[u8],
    limit: i32,
    page: Option<&str>,
    verify: bool,
) -> Result<AuditPage> {
    let vault_id = id(vault_id, "a vault id")?;
    let limit = convert::limit(limit)?;
    // What the sealer has not handed over yet belongs to the log. A sealer that has lost the vault
    // does not hide what is known of it.
    if let Err(error) = core.sealer.show(owner, &vault_id) {
        super::log_refusal("getAudit", &error);
    }
    let found = core
        .catalogue
        .read(|view| view.list_audit(owner, &vault_id, limit, page))?;
    let verification = match verify {
        false => AuditVerification::NOT_CHECKED,
        true if is_whole(core, owner, &vault_id)? => AuditVerification::VERIFIED,
        true => AuditVerification::TAMPERED,
    };
    Ok(AuditPage {
        entries: found
            .entries
            .iter()
            .map(|(seq, sealed)| convert::audit_entry(*seq, sealed))
            .collect(),
        verification,
        nextPage: found.next_page,
    })
}

/// Has the sealer verify the whole log, oldest entries first.
///
/// Entries that are made meanwhile come with the sealer's answers, and so with a later run; the
/// log is whole if the sealer agrees that the last run ends with its newest entry.
fn is_whole(core: &Core, owner: &Owner, vault_id: &Id) -> Result<bool> {
    let mut mark: Option<AuditMark> = None;
    loop {
        let after = mark.as_ref().map_or(0, |mark| mark.seq);
        let run: Vec<SealedAuditEntry> = core
            .catalogue
            .read(|view| view.audit_run(owner, vault_id, after, BATCH))?
            .into_iter()
            .map(|(_, sealed)| sealed)
            .collect();
        let last = run.is_empty();
        let verified = core
            .sealer
            .ask(owner, vault_id, |vault| Request::VerifyAudit {
                vault,
                after: mark,
                entries: run,
            });
        match verified {
            Ok(Reply::AuditVerified { head: true, .. }) => return Ok(true),
            Ok(Reply::AuditVerified { head: false, .. }) if last => return Ok(false),
            Ok(Reply::AuditVerified { mark: next, .. }) => mark = next,
            Ok(_) => return Err(unexpected()),
            Err(error) if error.code == ErrorCode::AuditTampered => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}
