// SPDX-License-Identifier: Apache-2.0

use clap::CommandFactory;

use super::*;

const V: &str = "000102030405060708090a0b0c0d0e0f";

fn parse(line: &str) -> std::result::Result<Cli, clap::Error> {
    let words = line.replace('V', V);
    Cli::try_parse_from(std::iter::once("pkb").chain(words.split(' ')))
}

fn check(line: &str) -> Result<()> {
    parse(line).unwrap().check()
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_line_of_the_contract_parses() {
    for line in [
        "info",
        "info --json --socket /s",
        "--socket /s --json info",
        "vault begin-create --rp-id example.org --origin https://example.org --user-name N",
        "vault begin-create --rp-id a.b --origin https://a.b https://c.a.b --user-name N \
         --require-biometric",
        "vault begin-create --rp-id a.b --origin https://a.b --origin https://c.a.b --user-name N",
        "vault finish-create --ceremony V",
        "vault finish-create --ceremony V --response F",
        "vault show V",
        "vault list",
        "vault begin-delete V",
        "vault finish-delete --ceremony V",
        "origin begin-set V --origin https://a.b https://c.a.b",
        "origin finish-set --ceremony V",
        "passkey list V",
        "backup V --in F --out F",
        "backup V --in - --out -",
        "backup V --in F --out F --meta {}",
        "restore begin --in F",
        "restore finish --ceremony V --in F --out F",
        "restore finish --ceremony V --in F --out - --response R",
        "verify F",
        "verify ./begin",
        "verify begin --in F",
        "verify finish --in F --ceremony V",
        "archives V",
        "archives V --limit 5 --page P",
        "archive forget V",
        "passkey begin-add V",
        "passkey begin-add V --label Tablet",
        "passkey continue-add --ceremony V",
        "passkey finish-add --ceremony V --response R",
        "passkey begin-remove V AAEC_-8",
        "passkey begin-remove V AAEC_-8 --allow-last-portable",
        "passkey finish-remove --ceremony V",
        "prf begin V",
        "prf confirm --ceremony V",
        "prf finish --ceremony V",
        "recovery begin-create V",
        "recovery finish-create --ceremony V",
        "recovery finish-create --ceremony V --qr",
        "password begin-set V",
        "password finish-set --ceremony V --password-file F",
        "import begin --in F",
        "import begin --in F --allow-weaker-sealer",
        "import begin-recovery --in F --key-file K",
        "import begin-password --in F --password-file P",
        "import finish --ceremony V",
        "rotate begin V",
        "rotate finish --ceremony V",
        "rotate finish --ceremony V --archive F G",
        "rotate finish --ceremony V --archive F --archive G",
        "epoch begin-end V 1",
        "epoch finish-end --ceremony V",
        "archive refresh F",
        "rehearse begin --in F",
        "rehearse begin-recovery --in F --key-file K",
        "rehearse begin-password --in F --password-file P",
        "rehearse finish --ceremony V",
        "catalogue rebuild --from D",
        "audit V",
        "audit V --verify --limit 5 --page P",
    ] {
        let parsed = parse(line);
        assert!(parsed.is_ok(), "{line}: {parsed:?}");
        assert!(parsed.unwrap().check().is_ok(), "{line}");
    }
}

#[test]
fn what_makes_no_sense_does_not() {
    for line in [
        "",
        "infos",
        "vault",
        "vault show",
        "vault show 12",
        "vault show 000102030405060708090a0b0c0d0e0g",
        "vault begin-create --rp-id example.org --user-name N",
        "vault finish-create",
        "backup V --in F",
        "backup V --in F --out F --meta {",
        "backup V --in F --out F --meta {}{}",
        "restore finish --in F --out F",
        "verify",
        "verify F G",
        "verify F begin --in F",
        "verify begin",
        "archives V --limit 0",
        "archives V --limit -1",
        "archives V --limit x",
        "archive forget",
        "archive refresh",
        "passkey begin-remove V",
        "passkey begin-remove V AAEC+/8=",
        "password finish-set --ceremony V",
        "import begin",
        "import begin-recovery --in F",
        "import begin-password --in F",
        "rotate finish",
        "epoch begin-end V",
        "epoch begin-end V 0",
        "epoch begin-end V x",
        "catalogue rebuild",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn one_stream_has_one_use() {
    for line in [
        "--json backup V --in F --out -",
        "--json restore finish --ceremony V --in F --out - --response R",
        "restore finish --ceremony V --in - --out F",
        "restore finish --ceremony V --in - --out F --response -",
        "verify finish --ceremony V --in -",
        "password finish-set --ceremony V --password-file -",
        "import begin-recovery --in - --key-file -",
        "import begin-password --in - --password-file -",
    ] {
        assert_eq!(check(line).unwrap_err().exit_status(), 2, "{line}");
    }
    check("restore finish --ceremony V --in - --out - --response R").unwrap();
    check("--json backup V --in - --out F").unwrap();
}

#[test]
fn metadata_has_a_limit() {
    let just = format!("\"{}\"", "x".repeat(4094));
    check(&format!("backup V --in F --out F --meta {just}")).unwrap();
    let over = format!("\"{}\"", "x".repeat(4095));
    let failure = check(&format!("backup V --in F --out F --meta {over}")).unwrap_err();
    assert_eq!(failure.0.name, "TOO_LARGE");
}

#[test]
fn the_name_of_a_verified_file_may_be_that_of_a_command() {
    let parsed = parse("verify ./begin").unwrap();
    let Command::Verify(verify) = parsed.command else {
        panic!("{parsed:?}");
    };
    assert_eq!(verify.archive, Some(Place::File("./begin".into())));
    assert!(verify.ceremony.is_none());
}

#[test]
fn a_credential_id_may_begin_with_a_hyphen() {
    for (line, flag) in [
        ("passkey begin-remove V -AEC", false),
        ("passkey begin-remove V -AEC --allow-last-portable", true),
        ("passkey begin-remove --allow-last-portable V -AEC", true),
        (
            "passkey begin-remove V --_8 --allow-last-portable --json",
            true,
        ),
    ] {
        let parsed = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let Command::Passkey(Passkey::BeginRemove {
            credential,
            allow_last_portable,
            ..
        }) = parsed.command
        else {
            panic!("{line}");
        };
        assert_eq!(credential.0.len(), 3, "{line}");
        assert_eq!(allow_last_portable, flag, "{line}");
    }
    assert!(parse("passkey begin-remove V").is_err());
}

#[test]
fn json_is_seen_in_a_line_that_does_not_parse() {
    let line = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
    assert!(wants_json(&line("pkb vault --json")));
    assert!(!wants_json(&line("pkb verify -- --json")));
}

#[test]
fn ids_come_back_as_they_were() {
    assert_eq!(
        parse_id(V).unwrap(),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    );
}
