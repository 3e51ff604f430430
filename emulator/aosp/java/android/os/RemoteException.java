// SPDX-License-Identifier: Apache-2.0

package android.os;

/** What generated code uses of the platform's class of this name. */
public class RemoteException extends Exception {
    public RemoteException() {}

    public RemoteException(String message) {
        super(message);
    }
}
