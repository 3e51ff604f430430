// SPDX-License-Identifier: Apache-2.0

// There are no scheduling groups in the guest.
#pragma once
