// SPDX-License-Identifier: Apache-2.0

//! Strict JSON (RFC 8259) in two passes over the same text.
//!
//! The first pass visits everything, members that nobody knows included: UTF-8, escapes, depth,
//! member names (no two alike in one object, compared after escapes are resolved) and the end of
//! the text. It stores nothing but the names of the objects that are open. The second pass fills
//! typed structures and skips what they do not name. Without the first, `serde_json` would accept
//! invalid UTF-8 and duplicates in whatever is skipped.

use alloc::{borrow::Cow, format, vec::Vec};
use core::{fmt, marker::PhantomData};
use sealer_wire::{Error, ErrorCode, Result};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Deepest nesting of objects and arrays. WebAuthn needs four; the rest is for extensions. It
/// bounds the stack: both passes recurse once per level.
pub(super) const MAX_DEPTH: u8 = 16;

/// A string, borrowed from the text unless it contains escapes.
///
/// (`Option<Cow<str>>` would copy always: serde borrows only through a type of this shape.)
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// A structure that stands in the text as an object. Alone, derived structures also accept an
/// array of their members' values, which is not the JSON that WebAuthn defines.
pub(super) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                members: A,
            ) -> core::result::Result<Object<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// Parses one JSON object into `T`. The caller bounds the length of `bytes`.
///
/// `MALFORMED_JSON`: invalid UTF-8, a byte order mark, not JSON, two members of one name, deeper
/// than [`MAX_DEPTH`], text after the object, or not the members that `T` requires.
pub(super) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    let text = core::str::from_utf8(bytes)
        .map_err(|_| Error::new(ErrorCode::MalformedJson, "not UTF-8"))?;
    let mut first = serde_json::Deserializer::from_str(text);
    Strict { depth: 0 }
        .deserialize(&mut first)
        .and_then(|()| first.end())
        .map_err(|e| malformed("not strict JSON", &e))?;
    serde_json::from_str::<Object<T>>(text)
        .map(|object| object.0)
        .map_err(|e| malformed("a required member is missing or has another type", &e))
}

/// Names the place, never the content: the text may hold secrets.
fn malformed(what: &str, error: &serde_json::Error) -> Error {
    Error {
        code: ErrorCode::MalformedJson,
        detail: format!("{what} (line {}, column {})", error.line(), error.column()).into(),
        retry_after_ms: None,
    }
}

/// The visitor of the first pass, inside `depth` objects and arrays.
struct Strict {
    depth: u8,
}

impl Strict {
    fn deeper<E: de::Error>(&self) -> core::result::Result<Strict, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Strict {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> core::result::Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> core::result::Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> core::result::Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> core::result::Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> core::result::Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> core::result::Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> core::result::Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> core::result::Result<(), A::Error> {
        let inner = self.deeper()?;
        while items
            .next_element_seed(Strict { depth: inner.depth })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> core::result::Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut names: Vec<Cow<'de, str>> = Vec::new();
        while let Some(Text(name)) = members.next_key()? {
            names
                .try_reserve(1)
                .map_err(|_| de::Error::custom("no memory"))?;
            names.push(name);
            members.next_value_seed(Strict { depth: inner.depth })?;
        }
        // Sorting once keeps thousands of members from costing the square of their number.
        names.sort_unstable();
        if names
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == b))
        {
            return Err(de::Error::custom("two members of one name"));
        }
        Ok(())
    }
}
