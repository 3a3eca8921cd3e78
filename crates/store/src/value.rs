//! What goes into and comes out of a database's columns, whichever database it is.

use crate::work::Trouble;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

/// One column's value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// A number, a yes or no, or a time.
    Int(i64),
    /// Text, or a JSON document.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The values of one row, each taken out once.
pub struct Row(pub Vec<Value>);

impl Row {
    /// Takes the value of a column out.
    pub fn take<T: FromValue>(&mut self, column: usize) -> Result<T, Trouble> {
        let value = self.0.get_mut(column).map(std::mem::take).unwrap_or_default();
        T::from_value(value).map_err(|source| Trouble::Document { what: format!("column {column}"), source })
    }

    /// Takes a JSON document out; `what` names it in the error.
    pub fn document<T: DeserializeOwned>(&mut self, column: usize, what: &str) -> Result<T, Trouble> {
        let text: String = self.take(column)?;
        serde_json::from_str(&text)
            .map_err(|source| Trouble::Document { what: what.into(), source: source.into() })
    }

    /// Takes out a value that is written as its `Display` text; `what` names it in the error.
    pub fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        column: usize,
        what: &str,
    ) -> Result<T, Trouble> {
        let text: String = self.take(column)?;
        text.parse().map_err(|error: T::Err| Trouble::Document {
            what: what.into(),
            source: error.to_string().into(),
        })
    }
}

/// A value as a JSON document.
pub fn document<T: Serialize + ?Sized>(value: &T, what: &str) -> Result<String, Trouble> {
    serde_json::to_string(value)
        .map_err(|source| Trouble::Document { what: what.into(), source: source.into() })
}

/// What a column's value can be read as.
pub trait FromValue: Sized {
    /// Reads it.
    fn from_value(value: Value) -> Result<Self, crate::error::Cause>;
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, crate::error::Cause> {
        if value == Value::Null { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

macro_rules! read {
    ($($type:ty: $pattern:pat => $result:expr;)+) => {
        $(impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self, crate::error::Cause> {
                match value {
                    $pattern => $result,
                    _ => Err(concat!("not a ", stringify!($type)).into()),
                }
            }
        })+
    };
}

read! {
    i64: Value::Int(number) => Ok(number);
    u64: Value::Int(number) => Ok(number.try_into()?);
    u32: Value::Int(number) => Ok(number.try_into()?);
    u16: Value::Int(number) => Ok(number.try_into()?);
    bool: Value::Int(number) => Ok(number != 0);
    String: Value::Text(text) => Ok(text);
    Vec<u8>: Value::Bytes(bytes) => Ok(bytes);
    Timestamp: Value::Int(nanoseconds) => Ok(Timestamp::from_nanosecond(nanoseconds.into())?);
}

macro_rules! written {
    ($($type:ty: |$value:ident| $result:expr;)+) => {
        $(impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $result
            }
        })+
    };
}

written! {
    i64: |number| Self::Int(number);
    // Numbers of sweeps, addresses and time steps: none comes near 2^63.
    u64: |number| Self::Int(i64::try_from(number).unwrap_or(i64::MAX));
    u32: |number| Self::Int(number.into());
    usize: |number| Self::Int(i64::try_from(number).unwrap_or(i64::MAX));
    u16: |number| Self::Int(number.into());
    bool: |yes| Self::Int(yes.into());
    String: |text| Self::Text(text);
    &str: |text| Self::Text(text.into());
    &String: |text| Self::Text(text.clone());
    Vec<u8>: |bytes| Self::Bytes(bytes);
    &[u8]: |bytes| Self::Bytes(bytes.to_vec());
    &Vec<u8>: |bytes| Self::Bytes(bytes.clone());
    // Nanoseconds in 64 bits reach to the year 2262; what lies beyond is stored as that.
    Timestamp: |time| Self::Int(i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX));
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The arguments of a statement.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::value::Value::from($value)),*] as &[$crate::value::Value] };
}
pub(crate) use args;
