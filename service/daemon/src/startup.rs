// SPDX-License-Identifier: Apache-2.0

//! From nothing to a service, and back.
//!
//! The order is fixed; each step needs those before it:
//!
//! 1. the process: no core dumps, the logger, arguments (in the binary);
//! 2. the state folder and its lock, so that nobody else has it;
//! 3. the catalogue, which checks itself; all of it is read in the background later;
//! 4. the sealer, which says what it is;
//! 5. removals that were cut short, and owners that are no more, before anybody is served;
//! 6. the services. When the socket accepts, everything is ready.
//!
//! [`Daemon::stop`] goes back: operations are cancelled and waited for, the services stop and the
//! socket goes, the catalogue is folded into one file. Without it nothing is lost either.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use binder::{BinderFeatures, ProcessState};
use passkeybackup_aidl::android::security::passkeybackup::{
    IPasskeyBackup::BnPasskeyBackup, IPasskeyBackupMaintenance::BnPasskeyBackupMaintenance,
};
use passkeybackup_catalogue::{Catalogue, StateDir};
use passkeybackup_identity::Callers;
use passkeybackup_status::{MAINTENANCE, SERVICE};
#[cfg(feature = "nonsecure")]
use sealer_hal::LocalSealer;
use sealer_hal::{DEFAULT_INSTANCE, NONSECURE_INSTANCE};
use sealer_wire::{ErrorCode, Owner, Result, SealerKind, StorageProtection};

use crate::ceremonies::Ceremonies;
use crate::hal::Hal;
use crate::maintenance::Maintenance;
use crate::operation::Operations;
use crate::rewrapped::Rewrapped;
use crate::sealer::Sealer;
use crate::service::{Core, Service};
use crate::socket::{Server, serve_at};
use crate::{erasing, error, hooks};

/// The nonsecure sealer's folder in the state folder.
#[cfg(feature = "nonsecure")]
const SEALER_FOLDER: &str = "sealer";

/// Which sealer to use. There is no fallback from one to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealerChoice {
    /// The nonsecure one, in this process.
    Nonsecure {
        /// A shorter life of challenges, in milliseconds.
        challenge_ttl_ms: Option<u64>,
    },
    /// The HAL service of the sealer in a trusted application.
    Hal,
    /// The HAL service of the nonsecure sealer, as on an emulator.
    HalNonsecure,
}

/// How clients come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Over binder RPC at this socket.
    Socket(PathBuf),
    /// Over kernel binder, found by the service manager.
    Binder,
}

/// What is decided on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which sealer.
    pub sealer: SealerChoice,
    /// How clients come.
    pub transport: Transport,
    /// The state folder.
    pub state: PathBuf,
    /// The callers file; without it anybody may call.
    pub callers: Option<PathBuf>,
}

/// A running service.
pub struct Daemon {
    core: Arc<Core>,
    server: Option<Server>,
}

/// A service that is ready and serves nobody yet: it can be dropped at any moment.
pub struct Prepared {
    core: Arc<Core>,
    transport: Transport,
}

impl Daemon {
    /// Starts the service. When this returns it can be called.
    ///
    /// Errors: those of [`Prepared::new`] and [`Prepared::serve`].
    pub fn start(config: &Config) -> Result<Daemon> {
        Prepared::new(config)?.serve()
    }

    /// Stops. Operations that are running end with `CANCELLED`.
    pub fn stop(mut self) {
        self.core.operations.stop();
        if let Some(mut server) = self.server.take() {
            server.stop();
        }
        if let Err(error) = self.core.catalogue.checkpoint() {
            log::warn!("the catalogue stays in two files: {error}");
        }
    }
}

impl Prepared {
    /// Steps 2 to 5. Waits for a sealer's HAL service as long as it takes.
    ///
    /// Errors: `STATE_IN_USE`, `IO`, `NO_SPACE`, `CORRUPT`, `UNSUPPORTED_VERSION` (a later
    /// version's state), `BAD_REQUEST`, `TOO_LARGE` or `PERMISSION_DENIED` (the callers file),
    /// `TEE_UNAVAILABLE`, `INTERNAL`.
    pub fn new(config: &Config) -> Result<Prepared> {
        hooks::announce();
        let callers = match &config.callers {
            Some(path) => Callers::from_file(path)?,
            None => Callers::anybody(),
        };
        let state = StateDir::open(&config.state)?;
        let core = assemble(|| connect(&config.sealer, &state), &state, callers)?;
        Ok(Prepared {
            core,
            transport: config.transport.clone(),
        })
    }

    /// Step 6. Errors: `STATE_IN_USE`, `IO`, `NO_SPACE` of the socket or the service manager.
    pub fn serve(self) -> Result<Daemon> {
        let server = serve(&self.core, &self.transport)?;
        check_in_background(Arc::clone(&self.core.catalogue));
        Ok(Daemon {
            core: self.core,
            server,
        })
    }
}

/// Steps 3 to 5: the catalogue, the sealer, and what was left undone.
pub(crate) fn assemble(
    hal: impl FnOnce() -> Result<Hal>,
    state: &StateDir,
    callers: Callers,
) -> Result<Arc<Core>> {
    let catalogue = Arc::new(Catalogue::open(state)?);
    let sealer = Sealer::new(hal()?, Arc::clone(&catalogue))?;
    say_what_it_is(&sealer);
    erasing::resume(&catalogue, &sealer)?;
    reconcile(&catalogue, &sealer, &callers)?;
    Ok(Arc::new(Core {
        callers,
        catalogue,
        sealer,
        ceremonies: Ceremonies::default(),
        operations: Arc::new(Operations::default()),
        rewrapped: Rewrapped::default(),
    }))
}

fn connect(
    choice: &SealerChoice,
    #[cfg_attr(not(feature = "nonsecure"), allow(unused_variables))] state: &StateDir,
) -> Result<Hal> {
    match choice {
        #[cfg(not(feature = "nonsecure"))]
        SealerChoice::Nonsecure { .. } => Err(error(
            ErrorCode::Usage,
            "this daemon was built without a sealer of its own",
        )),
        #[cfg(feature = "nonsecure")]
        SealerChoice::Nonsecure { challenge_ttl_ms } => {
            let mut config = sealer_hal::Config::default();
            if let Some(ttl) = challenge_ttl_ms {
                config.challenge_ttl_ms = *ttl;
            }
            Hal::local(LocalSealer::start(&state.join(SEALER_FOLDER), config)?)
        }
        SealerChoice::Hal => Hal::wait_for(DEFAULT_INSTANCE),
        SealerChoice::HalNonsecure => Hal::wait_for(NONSECURE_INSTANCE),
    }
}

fn say_what_it_is(sealer: &Sealer) {
    let Some(info) = sealer.last_info() else {
        return;
    };
    if info.kind == SealerKind::Nonsecure {
        log::warn!("the sealer is NONSECURE: whoever reads its folder has every key");
    }
    if info.storage_protection != StorageProtection::Rpmb {
        log::warn!("the sealer's storage does not show when an older state was put back");
    }
    log::info!("sealer: {}", info.revision);
}

/// Erases what belongs to owners that are no more, so that nobody who comes after them with the
/// same uid finds it.
///
/// That is a uid which is known and now somebody else's: another package, or the same one signed by
/// another key. A uid that is merely not known here, or whose identity comes from another source
/// than before (with and without a callers file), may be a mistake on the command line. Its vaults
/// stay, and stay out of reach: all four parts of an owner must agree to see anything.
fn reconcile(catalogue: &Catalogue, sealer: &Sealer, callers: &Callers) -> Result<()> {
    for owner in catalogue.read(|view| view.owners())? {
        if callers.is_current(&owner) {
            continue;
        }
        match callers.identify(owner.uid) {
            Ok(caller) if is_named(caller.owner()) == is_named(&owner) => {
                let erased = erasing::erase(catalogue, sealer, owner.user, Some(owner.uid))?;
                log::warn!(
                    "uid {} is now another app: {erased} vaults of the one before were erased",
                    owner.uid
                );
            }
            _ => log::warn!(
                "vaults of uid {} are kept and out of reach: nobody is known by that name",
                owner.uid
            ),
        }
    }
    Ok(())
}

/// Whether a package manager or callers file gave the name.
fn is_named(owner: &Owner) -> bool {
    !owner.package.starts_with("uid:")
}

fn serve(core: &Arc<Core>, transport: &Transport) -> Result<Option<Server>> {
    let features = BinderFeatures::default;
    let service = BnPasskeyBackup::new_binder(Service(Arc::clone(core)), features());
    let maintenance =
        BnPasskeyBackupMaintenance::new_binder(Maintenance(Arc::clone(core)), features());
    let services = [
        (SERVICE, service.as_binder()),
        (MAINTENANCE, maintenance.as_binder()),
    ];
    match transport {
        Transport::Socket(path) => serve_at(path, services).map(Some),
        Transport::Binder => {
            for (name, binder) in services {
                binder::add_service(name, binder).map_err(|status| {
                    error(
                        ErrorCode::Io,
                        format!("the service manager does not take {name}: {status}"),
                    )
                })?;
            }
            ProcessState::start_thread_pool();
            log::info!("serving {SERVICE} over binder");
            Ok(None)
        }
    }
}

/// Reads all of the catalogue once, which takes longer the more there is in it.
fn check_in_background(catalogue: Arc<Catalogue>) {
    let check = move || match catalogue.integrity_check() {
        Ok(()) => log::debug!("the catalogue is whole"),
        Err(error) => log::error!("the catalogue is damaged: {error}"),
    };
    let spawned = thread::Builder::new()
        .name("catalogue-check".into())
        .spawn(check);
    if let Err(error) = spawned {
        log::warn!("the catalogue is not checked: {error}");
    }
}
