//! Every limit of the sealer, in bytes unless said otherwise.

/// A whole request or response.
pub const MESSAGE: usize = 64 * 1024;
/// The core of an archive header.
pub const CORE: usize = 8 * 1024;
/// The key part of an archive header, as the format allows it.
pub const KEY_PART: usize = 64 * 1024;
/// Core and key part together, as this sealer writes and takes them: what a message has room for
/// beside a response and the rest of a request.
pub const HEADER: usize = 46 * 1024;
/// The app's own metadata in a core.
pub const META: usize = 4 * 1024;
/// The JSON that a passkey client returns.
pub const RESPONSE_JSON: usize = 16 * 1024;
/// Vaults of one owner.
pub const VAULTS_PER_OWNER: usize = 16;
/// Credentials of one vault.
pub const CREDENTIALS: usize = 8;
/// Portable envelopes of one vault.
pub const ENVELOPES: usize = 10;
/// Retired epochs of one vault.
pub const RETIRED_EPOCHS: usize = 32;
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
/// Failed ceremonies of one vault that get an entry of their own within [`AUDIT_WINDOW_S`].
pub const AUDIT_FAILURES_PER_WINDOW: u32 = 8;
/// Window of [`AUDIT_FAILURES_PER_WINDOW`] in seconds.
pub const AUDIT_WINDOW_S: u64 = 3600;
