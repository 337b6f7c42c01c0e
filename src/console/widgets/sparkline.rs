//! A series in one line of blocks.

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The newest `cells` values, oldest first, scaled to the largest of them and of `most`.
pub fn sparkline(values: &[u32], most: u32, cells: usize) -> String {
    let values = values.get(values.len().saturating_sub(cells)..).unwrap_or(values);
    let largest = values.iter().copied().max().unwrap_or_default().max(most).max(1);
    let block = |value: &u32| {
        let step = (u64::from(*value) * 7).div_ceil(u64::from(largest));
        BLOCKS.get(usize::try_from(step).unwrap_or_default()).copied().unwrap_or(' ')
    };
    values.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_scale_is_the_limit() {
        assert_eq!(super::sparkline(&[0, 1, 2, 4], 4, 3), "▃▅█");
        assert_eq!(super::sparkline(&[], 0, 3), "");
    }
}
