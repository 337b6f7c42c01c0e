//! Amounts of a machine in short: bars of accelerators, used of allocatable.

use crate::console::meaning::Meaning;
use crate::console::view::content::{Cell, Line, Span};
use crate::console::widgets::gauge::gauge;
use crate::domain::capacity::Resources;
use crate::domain::node::{ExtendedAmount, Node};
use crate::domain::text::Text;

/// Cells of the longest bar.
const CELLS: u64 = 8;

/// What machines offer by name and nobody waits for.
const DULL: [&str; 5] = ["hugepages-", "attachable-volumes-", "vpc.amazonaws.com/", "smarter-devices/", "devices.kubevirt.io/"];

const MIB: i64 = 1 << 20;
const GIB: i64 = 1024 * MIB;

/// Accelerators of a machine: `▮▮▮▯ 3/4`, then slices and vendor devices by name.
pub fn bars(node: &Node) -> Line {
    let mut line = accelerators(node.capacity, node.free);
    let whole = node.detail.iter().flat_map(|detail| &detail.extended).filter(|(name, amount)| is_whole(name) && amount.allocatable > 0);
    line.extend(whole.filter_map(|(_, amount)| sick(*amount)));
    for (name, amount) in named(node) {
        if !line.is_empty() {
            line.push(Span::plain(" "));
        }
        line.push(Span::muted(format!("{} ", short(name))));
        line.extend(bar(amount.requested, amount.allocatable, CELLS / 2));
        line.extend(sick(amount));
    }
    line
}

/// What the machine registered and does not offer.
fn sick(amount: ExtendedAmount) -> Option<Span> {
    let sick = amount.capacity - amount.allocatable;
    (sick > 0).then(|| Span::new(format!(" {sick} sick"), Meaning::Failed))
}

/// Whole accelerators: used of all.
fn accelerators(capacity: Resources, free: Resources) -> Line {
    if capacity.gpus > 0 {
        return bar(capacity.gpus - free.gpus, capacity.gpus, CELLS);
    }
    if capacity.neuron > 0 {
        return [vec![Span::muted("neuron ")], bar(capacity.neuron - free.neuron, capacity.neuron, CELLS)].concat();
    }
    Vec::new()
}

fn bar(used: i64, total: i64, cells: u64) -> Line {
    let (Ok(total), Ok(used)) = (u64::try_from(total), u64::try_from(used.max(0))) else { return Vec::new() };
    if total == 0 {
        return vec![Span::new("none", Meaning::Failed)];
    }
    let mut line = gauge(used, total, cells);
    line.push(Span::plain(format!(" {used}/{total}")));
    line
}

/// Named resources of a machine that the bars do not show already: slices of GPUs, vendor devices.
/// Whole accelerators come back once the machine registered some that are not healthy.
pub fn named(node: &Node) -> impl Iterator<Item = (&Text, ExtendedAmount)> {
    let is_told = |name: &str, amount: &ExtendedAmount| is_whole(name) && amount.allocatable > 0;
    let detail = node.detail.iter();
    let all = detail.flat_map(|detail| &detail.extended).map(|(name, amount)| (name, *amount));
    all.filter(|(name, _)| !DULL.iter().any(|dull| name.starts_with(dull)))
        .filter(|(_, amount)| amount.capacity > 0 || amount.requested > 0)
        .filter(move |(name, amount)| !is_told(name, amount))
}

fn is_whole(name: &str) -> bool {
    name.ends_with("/gpu") || name.contains("/neuron")
}

/// The name without its vendor: `mig-1g.5gb`.
pub fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Used of allocatable in a cell: `5.5/7.9`.
pub fn used(capacity: i64, free: i64, unit: fn(i64) -> String) -> Cell {
    if capacity <= 0 {
        return Cell::default();
    }
    let used = (capacity - free).max(0);
    let meaning = if used * 10 >= capacity * 9 { Meaning::Warning } else { Meaning::Muted };
    Cell::new(format!("{}/{}", unit(used), unit(capacity)), meaning).ordered(used * 1000 / capacity)
}

/// Cores without the word, with one decimal where they are not whole.
pub fn cores(millis: i64) -> String {
    if millis % 1000 == 0 { format!("{}", millis / 1000) } else { format!("{}.{}", millis / 1000, millis.abs() % 1000 / 100) }
}

/// Gibibytes without the word.
pub fn gibibytes(bytes: i64) -> String {
    if bytes == 0 || bytes.abs() >= 10 * GIB {
        format!("{}", bytes / GIB)
    } else {
        format!("{}.{}", bytes / GIB, bytes.abs() % GIB * 10 / GIB)
    }
}

/// Cores in words, the small ones in thousandths.
pub fn cpu(millis: i64) -> String {
    // A tenth of a core is the least that `cores` can say.
    if (1..100).contains(&millis.abs()) { format!("{millis} millicores") } else { format!("{} cores", cores(millis)) }
}

/// Memory in the largest whole unit.
pub fn memory(bytes: i64) -> String {
    if bytes.abs() >= 10 * GIB || (bytes != 0 && bytes % GIB == 0) {
        format!("{} GiB", bytes / GIB)
    } else {
        format!("{} MiB", bytes / MIB)
    }
}

/// What a replica holds or asks for, accelerators first.
pub fn demand(demand: Resources, extended: &std::collections::BTreeMap<Text, i64>) -> String {
    let mut parts = Vec::new();
    if demand.gpus > 0 {
        parts.push(format!("{} GPU", demand.gpus));
    }
    if demand.neuron > 0 {
        parts.push(format!("{} neuron", demand.neuron));
    }
    let whole = |name: &str| (demand.gpus > 0 && name.ends_with("/gpu")) || (demand.neuron > 0 && name.contains("/neuron"));
    parts.extend(
        extended.iter().filter(|(name, amount)| **amount > 0 && !whole(name)).map(|(name, amount)| format!("{amount} {}", short(name))),
    );
    if demand.cpu_millis > 0 {
        parts.push(cpu(demand.cpu_millis));
    }
    if demand.memory_bytes > 0 {
        parts.push(memory(demand.memory_bytes));
    }
    parts.join(", ")
}
