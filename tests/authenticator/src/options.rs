// SPDX-License-Identifier: Apache-2.0

//! Options as the driver hands them over.

use passkey::types::encoding;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Error;

/// Parses a …OptionsJSON, or takes it out of the `options` of what `pkb … begin` prints.
///
/// `passkey` itself is lenient: it takes padded and non-canonical base64, and drops a descriptor
/// or an assertion's extensions when it cannot read them. A browser is not, so binary members are
/// checked here first.
pub(crate) fn parse<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    let mut value: Value = serde_json::from_str(json).map_err(options_error)?;
    if let Some(inner) = value.get_mut("options") {
        value = inner.take();
    }
    check_binary(&value)?;
    serde_json::from_value(value).map_err(options_error)
}

fn options_error(error: serde_json::Error) -> Error {
    Error::Options(error.to_string())
}

/// Checks every binary member that the options have.
fn check_binary(options: &Value) -> Result<(), Error> {
    for pointer in ["/challenge", "/user/id"] {
        options
            .pointer(pointer)
            .map_or(Ok(()), |value| check(pointer, value))?;
    }
    for list in ["excludeCredentials", "allowCredentials"] {
        for entry in options
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            check(list, &entry["id"])?;
        }
    }
    let prf = options.pointer("/extensions/prf");
    let by_credential = prf
        .and_then(|prf| prf.get("evalByCredential"))
        .and_then(Value::as_object);
    for (id, eval) in by_credential.into_iter().flatten() {
        check_canonical("evalByCredential", id)?;
        check_eval(eval)?;
    }
    prf.and_then(|prf| prf.get("eval"))
        .map_or(Ok(()), check_eval)
}

fn check_eval(eval: &Value) -> Result<(), Error> {
    check("prf first", &eval["first"])?;
    eval.get("second")
        .map_or(Ok(()), |second| check("prf second", second))
}

fn check(name: &str, value: &Value) -> Result<(), Error> {
    let text = value
        .as_str()
        .ok_or_else(|| Error::Options(format!("{name}: not a string")))?;
    check_canonical(name, text)
}

fn check_canonical(name: &str, text: &str) -> Result<(), Error> {
    let canonical =
        encoding::try_from_base64url(text).is_some_and(|bytes| encoding::base64url(&bytes) == text);
    if canonical {
        Ok(())
    } else {
        Err(Error::Options(format!(
            "{name}: not canonical base64url without padding"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_options_out_of_what_begin_prints() {
        let printed = r#"{"ceremony":"c","options":{"challenge":"AA"},"expires_at":"t"}"#;
        assert_eq!(
            parse::<Value>(printed).unwrap(),
            serde_json::json!({"challenge": "AA"})
        );
    }

    #[test]
    fn refuses_what_a_strict_browser_refuses() {
        for options in [
            r#"{"challenge":"AA=="}"#,
            r#"{"challenge":"AB"}"#,
            r#"{"challenge":"+/A"}"#,
            r#"{"challenge":[0]}"#,
            r#"{"user":{"id":"A"}}"#,
            r#"{"excludeCredentials":[{"id":"AA=="}]}"#,
            r#"{"allowCredentials":[{}]}"#,
            r#"{"extensions":{"prf":{"eval":{}}}}"#,
            r#"{"extensions":{"prf":{"eval":{"first":"AA","second":"AA=="}}}}"#,
            r#"{"extensions":{"prf":{"evalByCredential":{"AA==":{"first":"AA"}}}}}"#,
        ] {
            assert!(
                matches!(parse::<Value>(options), Err(Error::Options(_))),
                "{options}"
            );
        }
    }
}
