// SPDX-License-Identifier: Apache-2.0

//! Every limit of the sealer, in bytes unless said otherwise.

use core::ops::RangeInclusive;

/// A whole request or response.
pub const MESSAGE: usize = 64 * 1024;
/// The core of an archive header.
pub const CORE: usize = 8 * 1024;
/// The key part of an archive header, as the format allows it.
pub const KEY_PART: usize = 64 * 1024;
/// Core and key part together, as this sealer writes and takes them: what a message has room for
/// beside a response and the rest of a request. A factor, an origin or an epoch that could make a
/// header longer is refused when it is added.
pub const HEADER: usize = 46 * 1024;
/// The app's own metadata in a core.
pub const META: usize = 4 * 1024;
/// The JSON that a passkey client returns.
pub const RESPONSE_JSON: usize = 16 * 1024;
/// Vaults of one owner.
pub const VAULTS_PER_OWNER: usize = 16;
/// Vaults that one request erases on behalf of the system.
pub const REMOVED_VAULTS: usize = 256;
/// Credentials of one vault.
pub const CREDENTIALS: usize = 8;
/// Portable envelopes of one vault.
pub const ENVELOPES: usize = 10;
/// Retired epochs of one vault up to which it can be rotated.
pub const RETIRED_EPOCHS: usize = 32;
/// Retired epochs of one vault in all: an import must not fail for the epoch that it adds.
pub const RETIRED_EPOCHS_IMPORTED: usize = 40;
/// Epochs of one vault that are remembered as ended, the newest ones.
pub const ENDED_EPOCHS: usize = 32;
/// Origins of one vault.
pub const ORIGINS: usize = 8;
/// One origin.
pub const ORIGIN: usize = 256;
/// A relying party id.
pub const RP_ID: usize = 253;
/// A user name or the label of a credential.
pub const NAME: usize = 64;
/// A package name.
pub const PACKAGE: usize = 255;
/// A credential id (WebAuthn Level 3, section 4).
pub const CREDENTIAL_ID: usize = 1023;
/// Elements of a list in a request that the sealer looks at before it refuses it by name.
pub const LIST: usize = 64;
/// Signature algorithms that a sealer names.
pub const ALGORITHMS: usize = 16;
/// Challenges of one owner that are neither used nor expired.
pub const CHALLENGES_PER_OWNER: usize = 8;
/// Challenges in all.
pub const CHALLENGES: usize = 256;
/// Life of a challenge in milliseconds.
pub const CHALLENGE_TTL_MS: u64 = 120_000;
/// Audit entries that a record keeps until the service has acknowledged them.
pub const AUDIT_PENDING: usize = 32;
/// Audit entries in one verification request.
pub const AUDIT_BATCH: usize = 32;
/// Audit entries in one response: a header of full size still fits beside them.
pub const AUDIT_PER_RESPONSE: usize = 8;
/// Failed ceremonies of one vault that get an entry of their own within [`WINDOW_S`].
pub const AUDIT_FAILURES_PER_WINDOW: u32 = 8;
/// Backups of one vault within [`WINDOW_S`]: each writes the vault's record, and storage wears.
pub const BACKUPS_PER_WINDOW: u32 = 1024;
/// Window of the limits on what is written, in seconds.
pub const WINDOW_S: u64 = 3600;
/// Wrong passwords of one owner that are not yet followed by a lock-out.
pub const PASSWORD_ATTEMPTS: u32 = 5;
/// First lock-out in milliseconds; each further wrong password doubles it.
pub const LOCKOUT_MS: u64 = 30_000;
/// Longest lock-out in milliseconds.
pub const LOCKOUT_MOST_MS: u64 = 24 * 3600 * 1000;
/// Argon2id: memory in KiB. Whoever stretches a password checks this first, since the parameters
/// come out of a header that is not authentic yet.
pub const PASSWORD_MEMORY_KIB: RangeInclusive<u32> = 19_456..=1_048_576;
/// Argon2id: passes.
pub const PASSWORD_PASSES: RangeInclusive<u32> = 1..=16;
/// Argon2id: lanes.
pub const PASSWORD_LANES: RangeInclusive<u32> = 1..=8;
