// SPDX-License-Identifier: Apache-2.0

//! The trusted application stays when the last session is closed: what a request keeps of its heap
//! is gone until the next start.

use sealer_wire::{Request, limits};

use crate::Device;
use crate::client::Client;
use crate::heap;

pub fn all_of_it_is_given_back() {
    let mut device = Device::new();
    let mut client = Client::with_vault(&mut device, 10_300);
    let mut round = || {
        let backup = client.backup(&mut device);
        client.restore(&mut device, &backup).unwrap();
        client.show(&mut device).unwrap();
        device.call(Request::GetInfo).result.unwrap();
        let garbage = device.session.request(&[0x81; limits::MESSAGE]);
        garbage.unwrap();
        heap::largest_free(&mut device.session)
    };
    // The first round makes what stays: tables of challenges and names.
    let before = round();
    assert!(before > heap::HEAP / 4 * 3, "{before} bytes");
    for _ in 0..20 {
        let after = round();
        assert!(after >= before, "{after} bytes of {before}");
    }
}
