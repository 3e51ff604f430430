// SPDX-License-Identifier: Apache-2.0

//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgGroup, CommandFactory, Parser, ValueEnum};
use passkeybackupd::{Config, SealerChoice, Transport};
use sealer_wire::limits::CHALLENGE_TTL_MS;

/// The backup service of Passkey Backup.
#[derive(Parser)]
#[command(name = "passkeybackupd", version)]
#[command(group(ArgGroup::new("transport").required(true).args(["socket", "binder"])))]
pub struct Args {
    /// Which sealer holds the keys; there is no fallback from one to another
    #[arg(long)]
    sealer: SealerArg,
    /// Serve over binder RPC at this socket, open to everybody
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Serve over kernel binder
    #[arg(long)]
    binder: bool,
    /// The state folder, of this daemon alone; made if it is not there
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Who may call, with which package, signer and origins; without it anybody may
    #[arg(long, value_name = "FILE")]
    callers: Option<PathBuf>,
    /// Shorten the life of challenges; with the nonsecure sealer only
    #[arg(long, value_name = "N")]
    challenge_ttl_ms: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SealerArg {
    /// In this process, with its keys in files: NOT SECURE
    Nonsecure,
    /// The HAL service of the trusted application
    Hal,
    /// The HAL service of the nonsecure sealer: NOT SECURE
    HalNonsecure,
}

impl Args {
    /// What was asked for. Errors are usage errors.
    pub fn config(self) -> Result<Config, clap::Error> {
        let usage = |why: &str| Args::command().error(ErrorKind::ValueValidation, why);
        let sealer = match (self.sealer, self.challenge_ttl_ms) {
            (SealerArg::Nonsecure, Some(ttl)) if !(1..=CHALLENGE_TTL_MS).contains(&ttl) => {
                return Err(usage(&format!(
                    "--challenge-ttl-ms may only shorten the {CHALLENGE_TTL_MS} ms"
                )));
            }
            (SealerArg::Nonsecure, challenge_ttl_ms) => {
                SealerChoice::Nonsecure { challenge_ttl_ms }
            }
            (_, Some(_)) => {
                return Err(usage("--challenge-ttl-ms is for --sealer nonsecure only"));
            }
            (SealerArg::Hal, None) => SealerChoice::Hal,
            (SealerArg::HalNonsecure, None) => SealerChoice::HalNonsecure,
        };
        let transport = match self.socket {
            Some(path) => Transport::Socket(path),
            None => Transport::Binder,
        };
        Ok(Config {
            sealer,
            transport,
            state: self.state,
            callers: self.callers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Config, ErrorKind> {
        Args::try_parse_from(line.split_whitespace())
            .and_then(Args::config)
            .map_err(|e| e.kind())
    }

    #[test]
    fn the_embedded_default_parses() {
        let config = parse("d --sealer nonsecure --socket /s --state /d --challenge-ttl-ms 50");
        let expected = Config {
            sealer: SealerChoice::Nonsecure {
                challenge_ttl_ms: Some(50),
            },
            transport: Transport::Socket("/s".into()),
            state: "/d".into(),
            callers: None,
        };
        assert_eq!(config, Ok(expected));
        let config = parse("d --sealer hal --binder --state /d --callers /c").unwrap();
        assert_eq!(config.sealer, SealerChoice::Hal);
        assert_eq!(config.transport, Transport::Binder);
    }

    #[test]
    fn what_makes_no_sense_is_a_usage_error() {
        for line in [
            "d",
            "d --sealer nonsecure --state /d",
            "d --sealer nonsecure --socket /s --binder --state /d",
            "d --sealer other --socket /s --state /d",
            "d --sealer nonsecure --socket /s --state /d --challenge-ttl-ms 120001",
            "d --sealer nonsecure --socket /s --state /d --challenge-ttl-ms 0",
            "d --sealer hal --binder --state /d --challenge-ttl-ms 50",
        ] {
            let kind = parse(line).unwrap_err();
            assert!(
                !matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion),
                "{line}"
            );
        }
    }
}
