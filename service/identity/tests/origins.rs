// SPDX-License-Identifier: Apache-2.0

//! Relying party ids and origins: what is taken is what browsers report, and nothing else.

use passkeybackup_identity::{
    Caller, Callers, MAX_ORIGIN_BYTES, MAX_ORIGINS, apk_key_hash, check_origin, check_rp_id,
};
use proptest::prelude::*;
use sealer_wire::{ErrorCode, Result};

const ZEROS: &str = "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn code(result: Result<()>) -> std::result::Result<(), ErrorCode> {
    result.map_err(|e| {
        assert!(e.detail.len() < 400 && !e.detail.contains('\0'), "{e}");
        e.code
    })
}

fn anybody() -> Caller {
    Callers::anybody().identify(1000).unwrap()
}

fn check(caller: &Caller, rp_id: &str, origins: &[&str]) -> std::result::Result<(), ErrorCode> {
    let origins: Vec<String> = origins.iter().map(|o| (*o).to_owned()).collect();
    code(caller.check_origins(rp_id, &origins))
}

#[test]
fn relying_party_ids() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert_eq!(longest.len(), 253);
    for good in [
        "example.org",
        "a.b",
        "xn--mnchen-3ya.de",
        "a-b.example",
        "1.example",
        "1and1.com",
        "localhost",
        "a.b.c.d.e",
        "3.141.example",
        "example.x0",
        "com.0xg",
        &longest,
    ] {
        assert_eq!(code(check_rp_id(good)), Ok(()), "{good}");
    }
    let (long_label, too_long) = (format!("{label}a.org"), format!("{longest}a"));
    for bad in [
        "",
        ".",
        "..",
        "org",
        "com",
        "localhost.",
        ".localhost",
        "LOCALHOST",
        "example.org.",
        ".example.org",
        "a..b",
        "Example.org",
        "example.ORG",
        "-a.org",
        "a-.org",
        "a.-b",
        "a.b-",
        "ex ample.org",
        " example.org",
        "example.org ",
        "example.org\n",
        "example.org\0",
        "a_b.org",
        "*.example.org",
        "example.org:443",
        "https://example.org",
        "example.org/",
        "user@example.org",
        "münchen.de",
        "example\u{3002}org",
        "ехample.org",
        "127.0.0.1",
        "1.2.3.4",
        "0x7f.1",
        "1.0x1",
        "a.0x",
        "example.1",
        "example.0xff",
        "[::1]",
        "::1",
        "2130706433",
        "example.org?x",
        "example.org#x",
        "example,org",
        "%65xample.org",
        &long_label,
        &too_long,
        &"a.".repeat(100_000),
    ] {
        assert_eq!(
            code(check_rp_id(bad)),
            Err(ErrorCode::BadRequest),
            "{bad:?}"
        );
    }
}

#[test]
fn origins_in_canonical_form_only() {
    for good in [
        "https://example.org",
        "https://a.b.example.org",
        "https://example.org:8443",
        "https://example.org:1",
        "https://example.org:65535",
        "https://example.org:80",
        "https://localhost",
        "https://localhost:8443",
        "http://localhost",
        "http://localhost:8080",
        "http://localhost:443",
        ZEROS,
    ] {
        assert_eq!(code(check_origin(good)), Ok(()), "{good}");
    }
    for bad in [
        "",
        "https",
        "https:",
        "https:/",
        "https://",
        "https:///",
        "example.org",
        "//example.org",
        "https://example.org/",
        "https://example.org/x",
        "https://example.org?",
        "https://example.org#",
        "https://example.org?x",
        "https://example.org#x",
        "https://example.org\\",
        "https:\\\\example.org",
        "HTTPS://example.org",
        "Https://example.org",
        "https://Example.org",
        "https://example.ORG",
        "https://example.org.",
        "https://.example.org",
        "https://example..org",
        "https://org",
        "https://münchen.de",
        "https://%65xample.org",
        "https://ex%61mple.org",
        "https://*.example.org",
        "https://user@example.org",
        "https://user:pw@example.org",
        "https://@example.org",
        "https://:@example.org",
        "https://example.org@evil.org",
        "https://:8443",
        "https://example.org:",
        "https://example.org:0",
        "https://example.org:00",
        "https://example.org:443",
        "https://example.org:0443",
        "https://example.org:08443",
        "https://example.org:65536",
        "https://example.org:99999999999999999999",
        "https://example.org:+80",
        "https://example.org:-1",
        "https://example.org: 80",
        "https://example.org:80 ",
        "https://example.org:80/",
        "https://example.org:8_0",
        "https://example.org:80:80",
        "https://example.org:http",
        "https://example.org:٣",
        "https://1.2.3.4",
        "https://127.0.0.1",
        "https://[::1]",
        "https://[::1]:8443",
        "https://0x7f.1",
        "https://2130706433",
        " https://example.org",
        "https://example.org ",
        "https://example.org\n",
        "\thttps://example.org",
        "https://exam\tple.org",
        "https://example.org\0",
        "https:// example.org",
        "http://example.org",
        "http://example.org:80",
        "http://localhost:80",
        "http://localhost/",
        "http://localhost:",
        "http://localhost:0",
        "http://LOCALHOST",
        "http://localhost.",
        "http://127.0.0.1",
        "http://127.0.0.1:8080",
        "http://[::1]",
        "http://a.localhost",
        "http://localhost.example.org",
        "http://localhost@evil.org",
        "ws://example.org",
        "wss://example.org",
        "ftp://example.org",
        "file://",
        "null",
        "data:,x",
        "about:blank",
        "chrome-extension://abc.def",
        "ios:bundle-id:x",
        "android:",
        "android:apk-key-hash",
        "android:apk-key-hash:",
        "android:apk-key-hash:AAAA",
        "android:apk-key-hash-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", // padded
        "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",  // spare bits set
        "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",   // 31 bytes
        "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", // 33 bytes
        "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAA",  // not base64url
        "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAA/AAAAAAAAAAAAAAAAAAAAA",
        "android:apk-key-hash: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "Android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert_eq!(
            code(check_origin(bad)),
            Err(ErrorCode::BadRequest),
            "{bad:?}"
        );
    }
    let long = format!("https://{}org", "a.".repeat(200));
    assert_eq!(code(check_origin(&long)), Err(ErrorCode::TooLarge));
    let at_limit = format!(
        "https://{}.org",
        [
            "a".repeat(63),
            "a".repeat(63),
            "a".repeat(63),
            "b".repeat(52)
        ]
        .join(".")
    );
    assert_eq!(at_limit.len(), MAX_ORIGIN_BYTES);
    assert_eq!(code(check_origin(&at_limit)), Ok(()));
}

#[test]
fn an_origin_lies_on_the_relying_party_id() {
    let anybody = anybody();
    let rp = "example.org";
    for good in [
        "https://example.org",
        "https://a.example.org",
        "https://a.b.example.org:8443",
    ] {
        assert_eq!(check(&anybody, rp, &[good]), Ok(()), "{good}");
    }
    for bad in [
        "https://org.example",
        "https://badexample.org",
        "https://example.org.evil.com",
        "https://example.com",
        "https://xample.org",
        "https://evil.com",
        "https://localhost",
        "http://localhost",
        "http://localhost:8080",
        "https://example.or",
        "https://a-example.org",
    ] {
        assert_eq!(
            check(&anybody, rp, &[bad]),
            Err(ErrorCode::BadRequest),
            "{bad}"
        );
    }
    // The other way around: the id must not be below the origin's host.
    assert_eq!(
        check(&anybody, "a.example.org", &["https://example.org"]),
        Err(ErrorCode::BadRequest)
    );
    for good in [
        "http://localhost",
        "http://localhost:8080",
        "https://localhost",
        "https://localhost:8443",
        "https://a.localhost",
    ] {
        assert_eq!(check(&anybody, "localhost", &[good]), Ok(()), "{good}");
    }
    for bad in [
        "http://example.org",
        "https://example.org",
        "http://localhost.example.org",
        "https://notlocalhost",
    ] {
        assert_eq!(
            check(&anybody, "localhost", &[bad]),
            Err(ErrorCode::BadRequest),
            "{bad}"
        );
    }
    for rp in ["", "org", "Example.org", "1.2.3.4", "https://example.org"] {
        assert_eq!(
            check(&anybody, rp, &["https://example.org"]),
            Err(ErrorCode::BadRequest),
            "{rp}"
        );
    }
}

#[test]
fn how_many_and_not_twice() {
    let anybody = anybody();
    let many: Vec<String> = (0..=MAX_ORIGINS)
        .map(|n| format!("https://a{n}.example.org"))
        .collect();
    let of = |n: usize| code(anybody.check_origins("example.org", &many[..n]));
    assert_eq!(of(0), Err(ErrorCode::BadRequest));
    assert_eq!(of(1), Ok(()));
    assert_eq!(of(MAX_ORIGINS), Ok(()));
    assert_eq!(of(MAX_ORIGINS + 1), Err(ErrorCode::TooLarge));
    let twice = [
        "https://example.org",
        "https://a.example.org",
        "https://example.org",
    ];
    assert_eq!(
        check(&anybody, "example.org", &twice),
        Err(ErrorCode::BadRequest)
    );
    let last = ["https://example.org", "https://evil.com"];
    assert_eq!(
        check(&anybody, "example.org", &last),
        Err(ErrorCode::BadRequest)
    );
}

fn listed(origins: &[&str]) -> Caller {
    let origins = origins.iter().map(|o| (*o).to_owned()).collect();
    Caller::new(10_123, "org.example".into(), [7; 32], origins).unwrap()
}

#[test]
fn a_list_narrows_and_never_widens() {
    let caller = listed(&["https://example.org", "https://elsewhere.net"]);
    let one = |origin: &str| check(&caller, "example.org", &[origin]);
    assert_eq!(one("https://example.org"), Ok(()));
    assert_eq!(
        one("https://a.example.org"),
        Err(ErrorCode::BadRequest),
        "not listed"
    );
    assert_eq!(
        one("https://example.org:8443"),
        Err(ErrorCode::BadRequest),
        "not listed"
    );
    assert_eq!(
        one("https://elsewhere.net"),
        Err(ErrorCode::BadRequest),
        "not on the id"
    );
    assert_eq!(
        check(&listed(&[]), "example.org", &["https://example.org"]),
        Err(ErrorCode::BadRequest)
    );
    assert_eq!(
        check(&listed(&[]), "localhost", &["http://localhost:80"]),
        Err(ErrorCode::BadRequest)
    );
    assert_eq!(
        check(
            &listed(&["http://localhost:8080"]),
            "localhost",
            &["http://localhost:8080"]
        ),
        Ok(())
    );
}

#[test]
fn an_apps_origin_is_its_own_or_listed() {
    let own = apk_key_hash(&[7; 32]);
    let other = apk_key_hash(&[8; 32]);
    let of = |caller: &Caller, origin: &str| check(caller, "example.org", &[origin]);
    assert_eq!(of(&listed(&[]), &own), Ok(()));
    assert_eq!(of(&listed(&[]), &other), Err(ErrorCode::BadRequest));
    assert_eq!(of(&listed(&[&other]), &other), Ok(()));
    assert_eq!(of(&listed(&[&other]), &own), Ok(()));
    // Without a file there are no apps, not even one signed by zeros.
    for origin in [own.as_str(), &other, ZEROS] {
        assert_eq!(
            of(&anybody(), origin),
            Err(ErrorCode::BadRequest),
            "{origin}"
        );
    }
    assert_eq!(apk_key_hash(&[0; 32]), ZEROS);
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,300}", prefix in "(https://|http://|android:apk-key-hash:|)") {
        let _ = check_rp_id(&text);
        let _ = check_origin(&format!("{prefix}{text}"));
        let _ = Callers::parse(text.as_bytes());
    }

    /// What is taken as the host of an origin is a relying party id, and the origin lies on it.
    #[test]
    fn hosts_and_ids_agree(host in "[a-z0-9.-]{1,20}", port in proptest::option::of(1_u16..)) {
        let origin = match port {
            Some(port) => format!("https://{host}:{port}"),
            None => format!("https://{host}"),
        };
        if port != Some(443) {
            prop_assert_eq!(check_origin(&origin).is_ok(), check_rp_id(&host).is_ok());
            let listed = anybody().check_origins(&host, &[origin]);
            prop_assert_eq!(listed.is_ok(), check_rp_id(&host).is_ok());
        }
    }

    #[test]
    fn every_signer_has_one_origin(signer: [u8; 32]) {
        let origin = apk_key_hash(&signer);
        prop_assert!(check_origin(&origin).is_ok());
        prop_assert_eq!(origin.len(), 64);
    }
}
