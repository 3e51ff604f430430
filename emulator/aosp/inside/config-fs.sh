# shellcheck shell=bash
# config_users prints the users of config.fs as the platform's build names them: NAME:UID.
config_users() {
    sed -n 's/^\[AID_\(.*\)\]$/\1/p; s/^value: //p' /w/src/config.fs | tr '[:upper:]' '[:lower:]' | paste -sd':\n'
}
