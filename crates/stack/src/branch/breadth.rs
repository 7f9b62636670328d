//! Max-Breadth: RFC 5393 section 5.

/// The value of a request without the header (RFC 5393 5.3.3.1).
pub const DEFAULT_MAX_BREADTH: u32 = 60;

/// Shares a request's Max-Breadth out among `branches` parallel branches, so that the sum is not
/// larger.
///
/// `None` if there are more branches than breadth: the request gets a 440, or fewer branches at
/// once. Serial groups each get the whole, since the one before has ended.
pub fn shares(max_breadth: u32, branches: usize) -> Option<impl Iterator<Item = u32>> {
    let count = u32::try_from(branches).ok().filter(|n| *n <= max_breadth)?;
    let (each, rest) = (
        max_breadth.checked_div(count).unwrap_or(0),
        max_breadth.checked_rem(count).unwrap_or(0),
    );
    Some((0..count).map(move |at| each + u32::from(at < rest)))
}
