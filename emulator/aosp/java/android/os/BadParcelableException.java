// SPDX-License-Identifier: Apache-2.0

package android.os;

/** What generated code uses of the platform's class of this name. */
public class BadParcelableException extends RuntimeException {
    public BadParcelableException(String message) {
        super(message);
    }
}
