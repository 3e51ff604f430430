// SPDX-License-Identifier: Apache-2.0

package android.hardware.security.sealer;

import android.hardware.security.sealer.SealerHardwareInfo;

/**
 * A pipe to the sealer, the component that holds the keys of Passkey Backup: a trusted application
 * on a device, a thread with a file store where there is none (instance "nonsecure").
 *
 * The service parses nothing and stores nothing. Requests and responses are the CBOR items of
 * sealer-wire (ta/wire, specified by its CDDL file). Its only client is the Passkey Backup daemon;
 * the platform policy enforces that.
 *
 * Errors of the sealer itself, such as a refused ceremony, are part of the response. What is
 * reported as a binder error is that no response could be had: a service-specific error with one
 * of the ERROR_ constants, whose values are those of the same names in
 * android.security.passkeybackup.ErrorCode. After such an error the request may or may not have
 * been carried out.
 *
 * Requests and responses can carry keys, hence @SensitiveData: buffers are cleared after use.
 */
@VintfStability
@SensitiveData
@PermissionManuallyEnforced
interface ISealer {
    /** Longest request and longest response, in bytes: 64 KiB. */
    const int MAX_MESSAGE_BYTES = 65536;

    /** The request is not of a length that this interface takes. */
    const int ERROR_BAD_REQUEST = 2;

    /** The request, or what the sealer answered, is longer than MAX_MESSAGE_BYTES. */
    const int ERROR_TOO_LARGE = 3;

    /** The sealer does not take this service for its HAL: the service runs as another user. */
    const int ERROR_PERMISSION_DENIED = 6;

    /** The sealer cannot be reached, or it stopped before it answered. */
    const int ERROR_TEE_UNAVAILABLE = 104;

    /** The service failed in a way that has no other code. */
    const int ERROR_INTERNAL = 107;

    /**
     * What this service is. It answers without asking the sealer.
     *
     * Error conditions: none of its own.
     *
     * @return kind, wire version and names.
     */
    SealerHardwareInfo getHardwareInfo();

    /**
     * Hands one request to the sealer and returns its response. Calls are served one at a time, in
     * the order in which they arrive; a call waits for those before it.
     *
     * Error conditions:
     * - ERROR_BAD_REQUEST if the request is empty
     * - ERROR_TOO_LARGE if the request or the response is longer than MAX_MESSAGE_BYTES; a request
     *   that is too long never reaches the sealer
     * - ERROR_PERMISSION_DENIED if the sealer refused this service; nothing was carried out
     * - ERROR_TEE_UNAVAILABLE if no session with the sealer could be opened, it broke, or no answer
     *   came in time
     * - ERROR_INTERNAL for anything else
     *
     * @param request one CBOR item of sealer-wire, 1 to MAX_MESSAGE_BYTES bytes.
     * @return one CBOR item of sealer-wire, 1 to MAX_MESSAGE_BYTES bytes.
     */
    byte[] processRequest(in byte[] request);
}
