//! The pages that explain each code.

macro_rules! pages {
    ($($code:literal)*) => {
        /// Every code that a finding can have, those of hosts among them.
        pub const CODES: &[&str] = &[$($code),*];

        /// The page of a code, Markdown; in upper or lower case.
        #[must_use]
        pub fn explain(code: &str) -> Option<&'static str> {
            match code.to_ascii_uppercase().as_str() {
                $($code => Some(include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/../../docs/findings/", $code, ".md"
                ))),)*
                _ => None,
            }
        }
    };
}

pages! {
    "E0101" "E0102" "E0103" "E0104" "E0105" "E0106" "E0107" "E0108" "E0109" "E0111"
    "E0201" "E0202" "E0204" "E0205"
    "E0301" "E0302" "E0303" "E0304" "E0305" "E0306" "E0307" "E0308" "E0309"
    "E0401" "E0402" "E0404" "E0405" "E0406" "E0407" "E0408" "E0409" "E0410" "E0411"
    "E0413" "E0414" "E0416" "E0417" "E0418" "E0419" "E0420"
    "E0501" "E0502" "E0503"
    "E0601" "E0604" "E0611" "E0612" "E0616" "E0618" "E0620" "E0621"
    "W0110" "W0203" "W0412" "W0415" "W0501" "W0502" "W0503" "W0504" "W0506" "W0507" "W0508"
    "W0509"
    "W0600" "W0602" "W0603" "W0605" "W0606" "W0607" "W0608" "W0609" "W0610"
    "W0613" "W0614" "W0615" "W0617" "W0619" "W0622"
}
