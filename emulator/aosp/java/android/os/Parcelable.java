// SPDX-License-Identifier: Apache-2.0

package android.os;

/** What generated code uses of the platform's interface of this name. */
public interface Parcelable {
    int PARCELABLE_WRITE_RETURN_VALUE = 1;
    int PARCELABLE_STABILITY_LOCAL = 0;
    int PARCELABLE_STABILITY_VINTF = 1;

    int describeContents();

    void writeToParcel(Parcel parcel, int flags);

    default int getStability() {
        return PARCELABLE_STABILITY_LOCAL;
    }

    /** Makes objects from parcels. */
    interface Creator<T> {
        T createFromParcel(Parcel parcel);

        T[] newArray(int size);
    }
}
