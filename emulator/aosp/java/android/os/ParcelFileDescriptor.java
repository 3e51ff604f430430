// SPDX-License-Identifier: Apache-2.0

package android.os;

/** What generated code uses of the platform's class of this name. */
public abstract class ParcelFileDescriptor implements Parcelable {
    public static final Creator<ParcelFileDescriptor> CREATOR = null;
}
