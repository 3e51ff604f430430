// SPDX-License-Identifier: Apache-2.0

//! The trusted application as the conformance suite's clients see a sealer.

use std::time::{Duration, Instant};

use sealer_wire::{Request, Response};

use crate::tee::{Failure, Session};

/// A sealer that answers.
pub struct Device {
    pub session: Session,
    /// In all calls together.
    pub spent: Duration,
}

impl Device {
    pub fn new() -> Self {
        Device::with(Session::hal())
    }

    pub fn with(session: Session) -> Self {
        Device {
            session,
            spent: Duration::ZERO,
        }
    }

    /// The response to a request that reaches the trusted application.
    pub fn call(&mut self, request: Request) -> Response {
        self.try_call(request).expect("the TA answers")
    }

    /// The response, or why there is none.
    pub fn try_call(&mut self, request: Request) -> Result<Response, Failure> {
        let request = request.to_bytes().expect("a request");
        let started = Instant::now();
        let response = self.session.request(&request);
        self.spent += started.elapsed();
        let response = response?;
        Ok(Response::from_bytes(&response).expect("a response"))
    }
}
