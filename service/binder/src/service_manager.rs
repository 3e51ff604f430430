// SPDX-License-Identifier: Apache-2.0

//! The service manager of kernel binder, under the platform's names.

use std::thread::sleep;
use std::time::Duration;

use crate::state::open_driver;
use crate::{FromIBinder, SpIBinder, StatusCode, Strong};

/// How often and how long `get_interface` asks again, which is what libbinder does.
const GET_ATTEMPTS: u32 = 5;
const GET_PAUSE: Duration = Duration::from_secs(1);

type Result<T> = std::result::Result<T, StatusCode>;

/// Makes `binder` known under `identifier`.
pub fn add_service(identifier: &str, binder: SpIBinder) -> Result<()> {
    open_driver()?;
    rsbinder::hub::add_service(identifier, binder).map_err(|status| {
        log::error!("the service manager refused {identifier}: {status}");
        rsbinder::StatusCode::from(status).into()
    })
}

/// The interface of the service `name`; waits for it as long as it takes.
pub fn wait_for_interface<T: FromIBinder + ?Sized>(name: &str) -> Result<Strong<T>> {
    open_driver()?;
    Ok(rsbinder::hub::wait_for_interface(name)?)
}

/// The interface of the service `name`; waits for it for some seconds.
pub fn get_interface<T: FromIBinder + ?Sized>(name: &str) -> Result<Strong<T>> {
    open_driver()?;
    for attempt in 0..GET_ATTEMPTS {
        if attempt > 0 {
            sleep(GET_PAUSE);
        }
        if let Some(interface) = rsbinder::hub::try_get_interface(name)? {
            return Ok(interface);
        }
    }
    Err(StatusCode::NAME_NOT_FOUND)
}

/// Whether a service of that name is declared in the VINTF manifest.
pub fn is_declared(interface: &str) -> Result<bool> {
    open_driver()?;
    rsbinder::hub::try_is_declared(interface)
        .map_err(|status| rsbinder::StatusCode::from(status).into())
}

/// The instances of `interface` that the VINTF manifest declares.
pub fn get_declared_instances(interface: &str) -> Result<Vec<String>> {
    open_driver()?;
    rsbinder::hub::try_get_declared_instances(interface)
        .map_err(|status| rsbinder::StatusCode::from(status).into())
}
