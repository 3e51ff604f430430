// SPDX-License-Identifier: Apache-2.0

package android.annotation;

/** The platform's annotation of this name. */
public @interface PermissionManuallyEnforced {}
