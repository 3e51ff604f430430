// SPDX-License-Identifier: Apache-2.0

//! Every statement of this crate, in one place, so that one test can look at every query plan.

macro_rules! statements {
    ($( $name:ident = $sql:literal; )*) => {
        $( pub(crate) const $name: &str = $sql; )*

        /// Name and text of each.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[ $( (stringify!($name), $sql), )* ];
    };
}

statements! {
    META_GET = "SELECT value FROM meta WHERE key = ?1";
    META_PUT = "INSERT INTO meta (key, value) VALUES (?1, ?2)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";

    OWNER_FIND = "SELECT id FROM owners
        WHERE uid = ?1 AND package = ?2 AND signer = ?3 AND user = ?4";
    OWNER_ADD = "INSERT INTO owners (uid, package, signer, user) VALUES (?1, ?2, ?3, ?4)";
    OWNER_REMOVE = "DELETE FROM owners WHERE id = ?1";
    // Administration: the only statement that sees more than one owner.
    OWNERS_ALL = "SELECT user, uid, package, signer FROM owners";

    VAULT_FIND = "SELECT id FROM vaults WHERE owner = ?1 AND vault_id = ?2";
    VAULT_GET = "SELECT id, vault_id, created_at, seen_seq, epoch, retired_epochs, rp_id, origins,
            user_name, require_biometric, factors
        FROM vaults WHERE owner = ?1 AND vault_id = ?2";
    VAULT_LIST = "SELECT id, vault_id, created_at, seen_seq, epoch, retired_epochs, rp_id, origins,
            user_name, require_biometric, factors
        FROM vaults WHERE owner = ?1 ORDER BY created_at, vault_id";
    VAULT_IDS = "SELECT vault_id FROM vaults WHERE owner = ?1 ORDER BY vault_id";
    VAULT_ANY = "SELECT 1 FROM vaults WHERE owner = ?1 LIMIT 1";
    VAULT_SEEN = "SELECT seen_seq FROM vaults WHERE id = ?1";
    VAULT_EPOCH = "SELECT epoch FROM vaults WHERE id = ?1";
    VAULT_ADD = "INSERT INTO vaults (owner, vault_id, created_at, seen_seq, epoch, retired_epochs,
            rp_id, origins, user_name, require_biometric, factors)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    VAULT_UPDATE = "UPDATE vaults SET created_at = ?3, seen_seq = ?4, epoch = ?5,
            retired_epochs = ?6, rp_id = ?7, origins = ?8, user_name = ?9, require_biometric = ?10,
            factors = ?11
        WHERE owner = ?1 AND vault_id = ?2";
    VAULT_REMOVE = "DELETE FROM vaults WHERE id = ?1";
    SEEN_RAISE = "UPDATE vaults SET seen_seq = ?2 WHERE id = ?1 AND seen_seq < ?2";
    SEEN_RESTART = "UPDATE vaults SET seen_seq = ?2 WHERE id = ?1";

    CREDENTIAL_LIST = "SELECT credential_id, alg, label, created_at, last_used_at, sign_count,
            backup_eligible, backup_state, attestation, prf
        FROM credentials WHERE vault = ?1 ORDER BY position";
    CREDENTIAL_CLEAR = "DELETE FROM credentials WHERE vault = ?1";
    CREDENTIAL_ADD = "INSERT INTO credentials (vault, position, credential_id, alg, label,
            created_at, last_used_at, sign_count, backup_eligible, backup_state, attestation, prf)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    CREDENTIAL_USED = "UPDATE credentials SET last_used_at = max(ifnull(last_used_at, 0), ?3)
        WHERE vault = ?1 AND credential_id = ?2";

    ARCHIVE_ADD = "INSERT INTO archives (owner, vault, backup_id, epoch, created_at,
            plaintext_bytes, archive_bytes, state, meta)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    ARCHIVE_GET = "SELECT a.backup_id, v.vault_id, a.epoch, a.created_at, a.plaintext_bytes,
            a.archive_bytes, a.state, a.meta
        FROM archives a JOIN vaults v ON v.id = a.vault
        WHERE a.owner = ?1 AND a.backup_id = ?2";
    ARCHIVE_STATE = "UPDATE archives SET state = ?3 WHERE owner = ?1 AND backup_id = ?2";
    ARCHIVE_REWRAPPED = "UPDATE archives SET epoch = ?3, archive_bytes = ?4, state = ?5
        WHERE owner = ?1 AND backup_id = ?2";
    ARCHIVE_REMOVE = "DELETE FROM archives WHERE owner = ?1 AND backup_id = ?2";
    ARCHIVE_PAGE = "SELECT backup_id, epoch, created_at, plaintext_bytes, archive_bytes, state, meta
        FROM archives INDEXED BY archives_by_age
        WHERE vault = ?1 AND (created_at, backup_id) < (?2, ?3)
        ORDER BY created_at DESC, backup_id DESC LIMIT ?4";
    ARCHIVE_RETIRED_PAGE = "SELECT backup_id, epoch, created_at, plaintext_bytes, archive_bytes,
            state, meta
        FROM archives INDEXED BY archives_by_epoch
        WHERE vault = ?1 AND (epoch, created_at, backup_id) < (?2, ?3, ?4)
        ORDER BY epoch DESC, created_at DESC, backup_id DESC LIMIT ?5";
    ARCHIVE_RETIRED_COUNT = "SELECT count(*) FROM archives INDEXED BY archives_by_epoch
        WHERE vault = ?1 AND epoch < ?2";

    AUDIT_GET = "SELECT entry, mac FROM audit WHERE vault = ?1 AND seq = ?2";
    AUDIT_ADD = "INSERT INTO audit (vault, seq, entry, mac) VALUES (?1, ?2, ?3, ?4)";
    AUDIT_LAST = "SELECT max(seq) FROM audit WHERE vault = ?1";
    AUDIT_PAGE = "SELECT seq, entry, mac FROM audit WHERE vault = ?1 AND seq < ?2
        ORDER BY seq DESC LIMIT ?3";
    AUDIT_RUN = "SELECT seq, entry, mac FROM audit WHERE vault = ?1 AND seq > ?2
        ORDER BY seq LIMIT ?3";
    AUDIT_CLEAR = "DELETE FROM audit WHERE vault = ?1";
}
