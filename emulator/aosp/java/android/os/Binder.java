// SPDX-License-Identifier: Apache-2.0

package android.os;

/** What generated code uses of the platform's class of this name. */
public class Binder implements IBinder {
    public native void attachInterface(IInterface owner, String descriptor);

    public native IInterface queryLocalInterface(String descriptor);

    public final native void markVintfStability();

    public final native boolean transact(int code, Parcel data, Parcel reply, int flags)
            throws RemoteException;

    protected native boolean onTransact(int code, Parcel data, Parcel reply, int flags)
            throws RemoteException;
}
