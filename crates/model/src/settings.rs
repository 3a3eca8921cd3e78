//! Configuration that is its own documentation: a section's keys, their defaults and what they mean
//! stand in one place, and `portcullis init` writes the annotated file from them.

/// What a section's struct knows of itself.
pub trait Documented {
    /// What the section is for.
    const SUMMARY: &'static str;
    /// Its keys in order, each with what it means.
    const KEYS: &'static [(&'static str, &'static str)];
}

/// Declares a section: a struct with documented fields and their defaults, read by serde, unknown keys refused.
#[macro_export]
macro_rules! settings {
    ($(#[doc = $summary:literal])+ $name:ident {
        $($(#[doc = $doc:literal])+ $(#[serde($($serde:tt)+)])? $field:ident: $type:ty = $default:expr,)+
    }) => {
        $(#[doc = $summary])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[doc = $doc])+ $(#[serde($($serde)+)])? pub $field: $type,)+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $crate::settings::Documented for $name {
            const SUMMARY: &'static str = concat!($($summary, "\n",)+);
            const KEYS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($field), concat!($($doc, "\n",)+)),)+];
        }
    };
}
