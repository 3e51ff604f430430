# SPDX-License-Identifier: Apache-2.0
#
# Adds Passkey Backup to a product. One line in the product's makefile, after this tree was put into external/passkeybackup
# or wherever PASSKEYBACKUP_DIR says:
#
#   $(call inherit-product, external/passkeybackup/product.mk)
#
# PASSKEYBACKUP_SEALER, set before that line, chooses the sealer: `optee` (default), or `nonsecure` for an emulator, whose
# parts are on userdebug and eng builds only. There is no product with both and no fallback from one to the other.

PASSKEYBACKUP_DIR ?= external/passkeybackup
PASSKEYBACKUP_SEALER ?= optee

PRODUCT_PACKAGES += passkeybackupd pkb

ifeq ($(PASSKEYBACKUP_SEALER),optee)
PRODUCT_PACKAGES += android.hardware.security.sealer-service.optee
# The board's /vendor/etc/ueventd.rc imports it, unless it gives /dev/tee0 to vendor_sealer by itself.
PRODUCT_COPY_FILES += $(PASSKEYBACKUP_DIR)/service/hal/ueventd.sealer.rc:$(TARGET_COPY_OUT_VENDOR)/etc/ueventd.sealer.rc
else ifeq ($(PASSKEYBACKUP_SEALER),nonsecure)
PRODUCT_PACKAGES_DEBUG += android.hardware.security.sealer-service.nonsecure
PRODUCT_PACKAGES_DEBUG += passkeybackupd_nonsecure.rc
else
$(error PASSKEYBACKUP_SEALER is $(PASSKEYBACKUP_SEALER): it must be optee or nonsecure)
endif

TARGET_FS_CONFIG_GEN += $(PASSKEYBACKUP_DIR)/config.fs
DEVICE_FRAMEWORK_COMPATIBILITY_MATRIX_FILE += $(PASSKEYBACKUP_DIR)/service/daemon/compatibility_matrix.xml

SYSTEM_EXT_PUBLIC_SEPOLICY_DIRS += $(PASSKEYBACKUP_DIR)/sepolicy/public
SYSTEM_EXT_PRIVATE_SEPOLICY_DIRS += $(PASSKEYBACKUP_DIR)/sepolicy/private
BOARD_VENDOR_SEPOLICY_DIRS += $(PASSKEYBACKUP_DIR)/sepolicy/vendor
