// SPDX-License-Identifier: Apache-2.0

package android.os;

/** What generated code uses of the platform's interface of this name. */
public interface IInterface {
    IBinder asBinder();
}
