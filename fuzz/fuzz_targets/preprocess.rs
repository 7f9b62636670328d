//! The preprocessor with includes, and regular expressions: no panic, no hang, and searching agrees
//! with matching.
#![no_main]

use libfuzzer_sys::fuzz_target;
use script::{FileError, Files, Opened, Options, Regex};

fuzz_target!(|text: &[u8]| {
    let half = text.len() / 2;
    let files = Two(&text[..half], &text[half..]);
    let options = Options {
        defines: vec![("A".to_owned(), Some("B A".to_owned())), ("B".to_owned(), None)],
        substs: vec!["/a(b*)/x\\1/g".to_owned()],
        ..Options::default()
    };
    let _ = script::parse(&files, "main.cfg", &options);
    if let Ok(regex) = Regex::compile(&text[..half.min(64)])
        && let (Ok(matches), Ok(found)) = (regex.matches(&text[half..]), regex.find(&text[half..], 0))
    {
        assert_eq!(matches, found.is_some());
    }
});

/// A main file and one that every include finds.
struct Two<'a>(&'a [u8], &'a [u8]);

impl Files for Two<'_> {
    fn open(&self, includer: Option<&str>, path: &str) -> Result<Opened, FileError> {
        let text = if includer.is_some() { self.1 } else { self.0 };
        Ok(Opened { path: path.to_owned(), text: text.to_vec() })
    }
}
