//! A large file, piece by piece.

use std::ops::{ControlFlow, Range};

use super::program::read_up_to;
use crate::{Content, Fault};

/// How many bytes of a piece are new.
const STEP: usize = 1 << 20;
/// How many bytes of the piece before a piece begins with. A match that is longer may be missed.
pub(super) const OVERLAP: usize = 4 << 10;
/// How many bytes of a file are searched; a browser has 250 MB.
const MAX_SEARCHED: u64 = 512 << 20;

/// A piece of a file.
#[derive(Clone, Copy)]
pub(super) struct Window<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether none follows.
    pub(super) is_last: bool,
}

impl Window<'_> {
    /// Whether what ends here may go on in the next piece: then it is found there, and whole.
    pub(super) fn may_go_on(self, end: usize) -> bool {
        !self.is_last && end == self.bytes.len()
    }
}

/// Goes over a range of a file in pieces that overlap, until `look` breaks.
///
/// # Errors
///
/// [`Fault`] if it can't be read, or is larger than what is searched; that much has been looked at.
pub(super) fn search(
    content: &dyn Content,
    range: Range<u64>,
    mut look: impl FnMut(Window<'_>) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let end = range.end.min(content.size());
    let bounded = end.min(range.start.saturating_add(MAX_SEARCHED));
    let size = bounded
        .saturating_sub(range.start)
        .min((STEP + OVERLAP) as u64);
    let mut buffer = vec![0; size as usize];
    let (mut at, mut kept) = (range.start, 0);
    while at < bounded {
        let new = (bounded - at).min((buffer.len() - kept) as u64) as usize;
        let read = read_up_to(content, at, &mut buffer[kept..kept + new])?;
        at += read as u64;
        let window = Window {
            bytes: &buffer[..kept + read],
            is_last: at >= end || read < new,
        };
        if look(window).is_break() || window.is_last {
            return Ok(());
        }
        let keep = OVERLAP.min(kept + read);
        buffer.copy_within(kept + read - keep..kept + read, 0);
        kept = keep;
    }
    if bounded < end {
        return Err(Fault::new(format!(
            "it has {} bytes to search; at most {MAX_SEARCHED} are",
            end - range.start
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_across_pieces_is_seen_whole() {
        let mut bytes = vec![0; 3 * STEP + 17];
        let mark = b"a mark of some length";
        for at in [
            0,
            STEP - 5,
            STEP + OVERLAP - 5,
            2 * STEP,
            3 * STEP + 17 - mark.len(),
        ] {
            bytes.fill(0);
            bytes[at..at + mark.len()].copy_from_slice(mark);
            let mut seen = 0;
            search(&&bytes[..], 0..u64::MAX, |window| {
                seen += window
                    .bytes
                    .windows(mark.len())
                    .filter(|part| part == mark)
                    .count();
                ControlFlow::Continue(())
            })
            .unwrap();
            assert!(seen >= 1, "at {at}");
        }
    }

    #[test]
    fn pieces_cover_no_more_than_the_range() {
        let bytes: Vec<u8> = (0..200).collect();
        let mut seen = Vec::new();
        search(&&bytes[..], 10..20, |window| {
            assert!(window.is_last);
            seen.extend_from_slice(window.bytes);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(seen, &bytes[10..20]);
        search(&&bytes[..], 300..400, |_| panic!("there is nothing")).unwrap();
    }

    #[test]
    fn a_file_without_end_is_a_fault() {
        struct Endless;
        impl Content for Endless {
            fn size(&self) -> u64 {
                1 << 60
            }
            fn read_at(&self, _: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
                Ok(buffer.len())
            }
        }
        let mut seen = 0_u64;
        let fault = search(&Endless, 0..u64::MAX, |_| {
            seen += 1;
            ControlFlow::Continue(())
        });
        assert!(
            fault
                .unwrap_err()
                .to_string()
                .starts_with("it has 1152921504606846976 bytes")
        );
        assert!(seen * (STEP as u64) <= MAX_SEARCHED);
    }
}
