-- SPDX-License-Identifier: Apache-2.0
-- Version 1. Released migrations never change; tests/fixtures/v1.sql holds this one to it.
PRAGMA application_id = 1347109425; -- "PKB1"

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE owners (
    id INTEGER PRIMARY KEY,
    user INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    package TEXT NOT NULL,
    signer BLOB NOT NULL CHECK (length(signer) = 32),
    UNIQUE (uid, package, signer, user)
) STRICT;

CREATE TABLE vaults (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
    vault_id BLOB NOT NULL CHECK (length(vault_id) = 16),
    created_at INTEGER NOT NULL CHECK (created_at >= 0),
    seen_seq INTEGER NOT NULL CHECK (seen_seq >= 0),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    retired_epochs BLOB NOT NULL, -- CBOR, [* uint]
    rp_id TEXT NOT NULL,
    origins BLOB NOT NULL,        -- CBOR, [* tstr]
    user_name TEXT NOT NULL,
    require_biometric INTEGER NOT NULL CHECK (require_biometric IN (0, 1)),
    factors BLOB NOT NULL,        -- CBOR, [* factor-view]
    UNIQUE (owner, vault_id),
    UNIQUE (id, owner)            -- parent key of archives
) STRICT;
CREATE INDEX vaults_by_age ON vaults (owner, created_at, vault_id);

CREATE TABLE credentials (
    vault INTEGER NOT NULL REFERENCES vaults (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position >= 0),
    credential_id BLOB NOT NULL CHECK (length(credential_id) BETWEEN 1 AND 1023),
    alg INTEGER NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL CHECK (created_at >= 0),
    last_used_at INTEGER CHECK (last_used_at >= 0),
    sign_count INTEGER NOT NULL CHECK (sign_count >= 0),
    backup_eligible INTEGER NOT NULL CHECK (backup_eligible IN (0, 1)),
    backup_state INTEGER NOT NULL CHECK (backup_state IN (0, 1)),
    attestation INTEGER NOT NULL CHECK (attestation BETWEEN 0 AND 3),
    prf INTEGER NOT NULL CHECK (prf BETWEEN 0 AND 2),
    PRIMARY KEY (vault, position),
    UNIQUE (vault, credential_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE archives (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    vault INTEGER NOT NULL,
    backup_id BLOB NOT NULL CHECK (length(backup_id) = 16),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    created_at INTEGER NOT NULL CHECK (created_at >= 0),
    plaintext_bytes INTEGER NOT NULL CHECK (plaintext_bytes >= 0),
    archive_bytes INTEGER NOT NULL CHECK (archive_bytes >= 0),
    state INTEGER NOT NULL CHECK (state IN (1, 2)), -- 1 complete, 2 unconfirmed
    meta BLOB NOT NULL CHECK (length(meta) <= 4096),
    UNIQUE (owner, backup_id),
    FOREIGN KEY (vault, owner) REFERENCES vaults (id, owner) ON DELETE CASCADE
) STRICT;
CREATE INDEX archives_by_age ON archives (vault, created_at, backup_id);
CREATE INDEX archives_by_epoch ON archives (vault, epoch, created_at, backup_id);

CREATE TABLE audit (
    vault INTEGER NOT NULL REFERENCES vaults (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL CHECK (seq >= 0),
    entry BLOB NOT NULL CHECK (length(entry) <= 2048),
    mac BLOB NOT NULL CHECK (length(mac) = 32),
    PRIMARY KEY (vault, seq)
) STRICT, WITHOUT ROWID;
