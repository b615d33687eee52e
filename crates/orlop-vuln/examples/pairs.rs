//! Prints pairs of versions and what Orlop thinks of them, for a comparison with the ecosystem's own
//! tool: `pairs ORDER COUNT [FILE]`, where FILE holds real versions, one a line. A line of the output is
//! a version, `<`, `=`, `>` or `!` (one of them is no version), and the other, with tabs between.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it is a tool for tests"
)]

use orlop_vuln::Order;

#[path = "../tests/it/near.rs"]
mod near;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let order = Order::ALL
        .into_iter()
        .find(|order| format!("{order:?}").eq_ignore_ascii_case(&name));
    let count = arguments.next().and_then(|count| count.parse().ok());
    let (Some(order), Some(count)) = (order, count) else {
        println!("pairs ORDER COUNT [FILE], with one of {:?}", Order::ALL);
        return;
    };
    let real = arguments
        .next()
        .map(|file| std::fs::read_to_string(file).unwrap());
    let real: Vec<String> = real
        .iter()
        .flat_map(|text| text.lines())
        .map(str::to_owned)
        .collect();
    for (left, right) in near::pairs(order, 7, count, &real) {
        let verdict = match order.compare(&left, &right) {
            Ok(ordering) => ["<", "=", ">"][(ordering as i8 + 1) as usize],
            Err(_) => "!",
        };
        println!("{left}\t{verdict}\t{right}");
    }
}
