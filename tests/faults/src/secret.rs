// SPDX-License-Identifier: Apache-2.0

//! Looking for a secret in every form in which software prints bytes.

/// A secret to look for.
#[derive(Clone)]
pub struct Needle {
    name: &'static str,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Needle {
    /// The forms of a secret: raw, hexadecimal, decimal lists, base64 wherever it begins in a text.
    ///
    /// # Panics
    /// If it is so short that finding it would prove nothing.
    pub fn new(name: &'static str, secret: &[u8]) -> Needle {
        assert!(secret.len() >= 16, "{name} is too short to look for");
        let joined = |format: &dyn Fn(&u8) -> String, separator: &str| {
            secret
                .iter()
                .map(format)
                .collect::<Vec<_>>()
                .join(separator)
                .into_bytes()
        };
        let mut forms = vec![
            ("raw", secret.to_vec()),
            ("hexadecimal", joined(&|byte| format!("{byte:02x}"), "")),
            (
                "capital hexadecimal",
                joined(&|byte| format!("{byte:02X}"), ""),
            ),
            (
                "spaced hexadecimal",
                joined(&|byte| format!("{byte:02x}"), " "),
            ),
            ("decimal list", joined(&|byte| byte.to_string(), ", ")),
            ("tight decimal list", joined(&|byte| byte.to_string(), ",")),
        ];
        for skipped in 0..3 {
            // What is left of whole groups is the same text whatever follows.
            let rest = &secret[skipped..];
            let whole = &rest[..rest.len() / 3 * 3];
            forms.push(("base64", base64(whole, b"+/")));
            forms.push(("base64url", base64(whole, b"-_")));
        }
        Needle { name, forms }
    }

    /// In which form the secret stands in some bytes.
    pub fn find(&self, haystack: &[u8]) -> Option<&'static str> {
        let stands = |form: &[u8]| haystack.windows(form.len()).any(|window| window == form);
        self.forms
            .iter()
            .find(|(_, form)| stands(form))
            .map(|(name, _)| *name)
    }

    /// Nowhere in some bytes.
    ///
    /// # Panics
    /// If it is there.
    pub fn is_not_in(&self, place: &str, haystack: &[u8]) {
        if let Some(form) = self.find(haystack) {
            panic!("{} stands in {place}, as {form}", self.name);
        }
    }
}

fn base64(bytes: &[u8], last: &[u8; 2]) -> Vec<u8> {
    let digits: Vec<u8> = (b'A'..=b'Z')
        .chain(b'a'..=b'z')
        .chain(b'0'..=b'9')
        .chain(*last)
        .collect();
    let group = |group: &[u8]| {
        let word = group
            .iter()
            .fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| digits[word >> shift & 63])
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form() {
        let secret: Vec<u8> = (0..32)
            .map(|n: u8| n.wrapping_mul(57).wrapping_add(130))
            .collect();
        let needle = Needle::new("test", &secret);
        for skipped in 0..3 {
            let mut text = vec![b'x'; skipped];
            text.extend_from_slice(&secret);
            text.extend_from_slice(b"yz");
            assert_eq!(needle.find(&text), Some("raw"));
            text.truncate(text.len() / 3 * 3);
            for digits in [b"-_", b"+/"] {
                let form = needle.find(&base64(&text, digits));
                assert!(
                    form.is_some_and(|form| form.starts_with("base64")),
                    "{skipped}"
                );
            }
        }
        let debug = format!("{secret:?}");
        assert_eq!(needle.find(debug.as_bytes()), Some("decimal list"));
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            needle.find(format!("key={hex};").as_bytes()),
            Some("hexadecimal")
        );
        assert_eq!(needle.find(&secret[1..]), None);
    }
}
