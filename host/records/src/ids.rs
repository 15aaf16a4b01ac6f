//! Names and ids: text that is cheap to clone, compared byte by byte.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Defines newtypes over shared text.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    )+};
}

names! {
    /// A benchmark or category, such as `medqa`. Part of a [`QueryId`], where it may not contain `/`.
    DatasetId;
    /// The dataset's own word for one of its parts, such as `test`. Part of a [`QueryId`], where it may not contain `/`.
    SplitName;
    /// A model of the pool: an LLM, or an LLM with a way of prompting it.
    ModelName;
    /// A router or an evaluator, as a run names it.
    PluginName;
    /// What made an embedding.
    EncoderName;
    /// One run of a sweep.
    RunId;
    /// Text that many rows share, such as a prompt.
    SharedText;
}

/// Why a text is no query id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not three parts.
    #[error("`{text}` is not a query id, expected `<dataset>/<split>/<record_index>`")]
    Shape {
        /// The text as given.
        text: String,
    },
    /// A part that is empty or contains the separator.
    #[error("{part} `{text}` cannot be part of a query id: it may neither be empty nor contain `/`")]
    Part {
        /// `dataset` or `split`.
        part: &'static str,
        /// The part as given.
        text: String,
    },
    /// The last part is no plain decimal number.
    #[error("`{text}` is not a query id: `{index}` is not a record index")]
    Index {
        /// The text as given.
        text: String,
        /// Its last part.
        index: String,
    },
}

/// `<dataset>/<split>/<record_index>`: names a query for good. Ordered by the bytes of its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueryId(Arc<str>);

impl QueryId {
    /// Joins the parts.
    ///
    /// # Errors
    /// When `dataset` or `split` is empty or contains `/`.
    pub fn new(dataset: &str, split: &str, record_index: u64) -> Result<Self, IdError> {
        for (part, text) in [("dataset", dataset), ("split", split)] {
            if text.is_empty() || text.contains('/') {
                return Err(IdError::Part { part, text: text.to_owned() });
            }
        }
        Ok(Self(Arc::from(format!("{dataset}/{split}/{record_index}"))))
    }

    /// Reads the printed form. A record index has no sign and no leading zero, so that one query has one text.
    ///
    /// # Errors
    /// When the text does not have the three parts.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let mut parts = text.split('/');
        let (Some(dataset), Some(split), Some(index), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(IdError::Shape { text: text.to_owned() });
        };
        if dataset.is_empty() || split.is_empty() {
            return Err(IdError::Shape { text: text.to_owned() });
        }
        let plain = index.bytes().all(|b| b.is_ascii_digit()) && (index.len() == 1 || !index.starts_with('0'));
        if !plain || index.parse::<u64>().is_err() {
            return Err(IdError::Index { text: text.to_owned(), index: index.to_owned() });
        }
        Ok(Self(Arc::from(text)))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first `/`.
    pub fn dataset(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The part between the two `/`.
    pub fn split(&self) -> &str {
        self.0.split('/').nth(1).unwrap_or_default()
    }

    /// The number after the last `/`.
    pub fn record_index(&self) -> u64 {
        self.0.rsplit('/').next().and_then(|index| index.parse().ok()).unwrap_or_default()
    }
}

impl fmt::Display for QueryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for QueryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::str::FromStr for QueryId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for QueryId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<QueryId> for String {
    fn from(id: QueryId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl Borrow<str> for QueryId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_id_is_read_as_it_is_printed() {
        let id = QueryId::new("medqa", "test", 17).unwrap();
        assert_eq!(id.to_string(), "medqa/test/17");
        assert_eq!(QueryId::parse("medqa/test/17").unwrap(), id);
        assert_eq!((id.dataset(), id.split(), id.record_index()), ("medqa", "test", 17));
    }

    #[test]
    fn what_is_no_query_id_is_refused_with_its_text() {
        let cases = [
            ("", "`` is not a query id, expected `<dataset>/<split>/<record_index>`"),
            ("medqa/17", "`medqa/17` is not a query id, expected `<dataset>/<split>/<record_index>`"),
            ("a/b/c/1", "`a/b/c/1` is not a query id, expected `<dataset>/<split>/<record_index>`"),
            ("/test/1", "`/test/1` is not a query id, expected `<dataset>/<split>/<record_index>`"),
            ("a/b/", "`a/b/` is not a query id: `` is not a record index"),
            ("a/b/+1", "`a/b/+1` is not a query id: `+1` is not a record index"),
            ("a/b/01", "`a/b/01` is not a query id: `01` is not a record index"),
            (
                "a/b/99999999999999999999",
                "`a/b/99999999999999999999` is not a query id: `99999999999999999999` is not a record index",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(QueryId::parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_dataset_or_split_with_a_slash_cannot_make_a_query_id() {
        let error = QueryId::new("org/set", "test", 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "dataset `org/set` cannot be part of a query id: it may neither be empty nor contain `/`"
        );
        assert!(QueryId::new("set", "", 1).is_err());
    }
}
