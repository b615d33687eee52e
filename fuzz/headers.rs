//! Headers of archives, for the targets that read them.

const BLOCK: usize = 512;

/// The same with the checksum of each header put right, which chance doesn't find.
pub(crate) fn repaired(data: &[u8]) -> Vec<u8> {
    let mut archive = data.to_vec();
    let mut at = 0;
    while let Some(header) = archive.get_mut(at..at + BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size = std::str::from_utf8(&header[124..136]).unwrap_or_default();
        let size = usize::from_str_radix(size.trim_matches(['\0', ' ']), 8).unwrap_or(0);
        let Some(next) = size.checked_next_multiple_of(BLOCK) else {
            break;
        };
        at = at.saturating_add(BLOCK).saturating_add(next);
        if at > archive.len() {
            break;
        }
    }
    archive
}
