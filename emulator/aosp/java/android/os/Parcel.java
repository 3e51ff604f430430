// SPDX-License-Identifier: Apache-2.0

package android.os;

/** What generated code uses of the platform's class of this name, as its API documents it. */
public final class Parcel {
    public static native Parcel obtain();
    public native void recycle();
    public native int dataPosition();
    public native void setDataPosition(int position);
    public native void markSensitive();
    public native void enforceInterface(String descriptor);
    public native void enforceNoDataAvail();
    public native void readException();
    public native void writeNoException();
    public native void writeInterfaceToken(String descriptor);
    public native boolean readBoolean();
    public native void writeBoolean(boolean value);
    public native byte readByte();
    public native void writeByte(byte value);
    public native int readInt();
    public native void writeInt(int value);
    public native long readLong();
    public native void writeLong(long value);
    public native String readString();
    public native void writeString(String value);
    public native byte[] createByteArray();
    public native void writeByteArray(byte[] value);
    public native int[] createIntArray();
    public native void writeIntArray(int[] value);
    public native long[] createLongArray();
    public native void writeLongArray(long[] value);
    public native String[] createStringArray();
    public native void writeStringArray(String[] value);
    public native IBinder readStrongBinder();
    public native void writeStrongInterface(IInterface value);
    public native <T> T readTypedObject(Parcelable.Creator<T> creator);
    public native <T extends Parcelable> void writeTypedObject(T value, int flags);
    public native <T> T[] createTypedArray(Parcelable.Creator<T> creator);
    public native <T extends Parcelable> void writeTypedArray(T[] value, int flags);
}
