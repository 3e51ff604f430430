// SPDX-License-Identifier: Apache-2.0

//! A vault that has everything.

use test_authenticator::Authenticator;

use super::{Backup, Client, Device, Secret};

/// A vault with every kind of factor, and an archive of it.
pub struct World {
    pub device: Device,
    pub client: Client,
    pub tablet: Authenticator,
    pub recovery: Secret,
    pub password: Secret,
    pub backup: Backup,
}

impl World {
    pub fn new() -> World {
        let mut device = Device::another(1);
        let mut client = Client::with_vault(&mut device, 10_100);
        client.enrol_prf(&mut device).unwrap();
        let mut tablet = Authenticator::new();
        client.add_passkey(&mut device, &mut tablet).unwrap();
        let phone = std::mem::replace(&mut client.authenticator, tablet.clone());
        client.enrol_prf(&mut device).unwrap();
        client.authenticator = phone;
        let (_, recovery) = client.recovery_key(&mut device).unwrap();
        let password = Secret::Password([0x70; 32]);
        client.set_password(&mut device, &password).unwrap();
        let backup = client.backup(&mut device);
        World {
            device,
            client,
            tablet,
            recovery,
            password,
            backup,
        }
    }

    pub fn new_device(&self) -> (Device, Client) {
        (Device::another(2), self.client.elsewhere())
    }
}
