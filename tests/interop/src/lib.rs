// SPDX-License-Identifier: Apache-2.0

//! Tests only: see `tests/`.
