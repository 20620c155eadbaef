//! A writer of what no library writes: elements whose contents need not be sound.

/// An element of these parts, one after the other.
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = contents.len().to_be_bytes();
    let significant = length.iter().position(|&octet| octet != 0).unwrap_or(length.len());
    let length = match contents.len() {
        0..0x80 => vec![contents.len() as u8],
        _ => [&[0x80 | (length.len() - significant) as u8], &length[significant..]].concat(),
    };
    [&[tag], length.as_slice(), &contents].concat()
}
