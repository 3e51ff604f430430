# SPDX-License-Identifier: Apache-2.0
# The uids of the daemon and of the HAL services. The values are in the ranges that AOSP leaves to the partition; a product
# that uses one already takes another here. The trusted application knows its client by the second one: see ta/optee.

[AID_SYSTEM_EXT_PASSKEYBACKUP]
value: 7750

[AID_VENDOR_SEALER]
value: 2901
