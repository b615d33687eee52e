//! Columns as docker sets them: Go's `text/tabwriter` with at least ten characters a column and
//! three spaces between two columns (docker/cli `cli/command/formatter/formatter.go`).
//!
//! A cell is text that a tab ends; what follows the last tab of a line is never padded. A column
//! is a run of lines that have a cell there, so that a line without tabs sets its neighbours free.

use unicode_width::UnicodeWidthStr;

/// How wide columns are.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// The least width of a cell, gap included.
    pub min_width: usize,
    /// Spaces after the widest text of a column.
    pub gap: usize,
}

/// Lists (`images`, `history`).
pub const LIST: Columns = Columns {
    min_width: 10,
    gap: 3,
};

/// `KEY: VALUE` blocks (`version`).
pub const KEY_VALUE: Columns = Columns {
    min_width: 20,
    gap: 1,
};

impl Columns {
    /// Sets text whose cells end with tabs.
    pub fn set(self, text: &str) -> String {
        let ends_with_newline = text.ends_with('\n');
        let lines: Vec<Vec<&str>> = text
            .strip_suffix('\n')
            .unwrap_or(text)
            .split('\n')
            .map(|line| line.split('\t').collect())
            .collect();
        let mut out = String::with_capacity(text.len() * 2);
        let mut widths = Vec::new();
        self.block(&lines, &mut widths, &mut out);
        if !ends_with_newline {
            out.pop();
        }
        out
    }

    fn block(self, lines: &[Vec<&str>], widths: &mut Vec<usize>, out: &mut String) {
        let column = widths.len();
        let has_cell = |line: &Vec<&str>| column + 1 < line.len();
        let mut start = 0;
        while start < lines.len() {
            let same = has_cell(&lines[start]);
            let end = lines[start..]
                .iter()
                .position(|line| has_cell(line) != same)
                .map_or(lines.len(), |n| start + n);
            let run = &lines[start..end];
            if same {
                let widest = run
                    .iter()
                    .map(|line| line[column].width())
                    .max()
                    .unwrap_or(0);
                widths.push((widest + self.gap).max(self.min_width));
                self.block(run, widths, out);
                widths.pop();
            } else {
                run.iter().for_each(|line| write_line(line, widths, out));
            }
            start = end;
        }
    }
}

fn write_line(line: &[&str], widths: &[usize], out: &mut String) {
    for (index, cell) in line.iter().enumerate() {
        out.push_str(cell);
        if let Some(width) = widths.get(index) {
            out.extend(std::iter::repeat_n(' ', width - cell.width()));
        }
    }
    out.push('\n');
}

/// Cuts text to a width in characters of a terminal; the last of them is `…` when something was
/// cut (docker/cli `formatter/displayutils.go`, `Ellipsis`).
pub fn ellipsis(text: &str, width: usize) -> String {
    use unicode_width::UnicodeWidthChar;
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let mut cut = String::new();
    for ch in text.chars() {
        used += ch.width().unwrap_or(0);
        if used + 1 > width {
            break;
        }
        cut.push(ch);
    }
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_table() {
        let text = "REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\n\
                    alpine\tlatest\t1c4eef651f65\t2 weeks ago\t12.8MB\n\
                    registry.example.com/team/app\tv1.2.3-rc1\t0123456789ab\t3 hours ago\t1.53GB\n";
        assert_eq!(
            LIST.set(text),
            "REPOSITORY                      TAG          IMAGE ID       CREATED       SIZE\n\
             alpine                          latest       1c4eef651f65   2 weeks ago   12.8MB\n\
             registry.example.com/team/app   v1.2.3-rc1   0123456789ab   3 hours ago   1.53GB\n"
        );
    }

    #[test]
    fn a_column_is_at_least_ten_wide_and_the_last_cell_free() {
        assert_eq!(LIST.set("TAG\tID\nx\ty\n"), "TAG       ID\nx         y\n");
        assert_eq!(LIST.set("no tabs"), "no tabs");
        assert_eq!(LIST.set("a\t\n"), "a         \n");
    }

    #[test]
    fn a_line_without_cells_ends_a_column() {
        assert_eq!(
            LIST.set("a long first cell\tb\nplain\nshort\tc\n"),
            "a long first cell   b\nplain\nshort     c\n"
        );
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(
            LIST.set("日本語日本語\tx\nab\ty\n"),
            "日本語日本語   x\nab             y\n"
        );
    }

    #[test]
    fn key_value_blocks() {
        assert_eq!(
            KEY_VALUE.set("Client:\n Version:\t0.1.0\n OS/Arch:\tlinux/amd64\n"),
            "Client:\n Version:           0.1.0\n OS/Arch:           linux/amd64\n"
        );
    }

    #[test]
    fn ellipsis_keeps_the_width() {
        assert_eq!(ellipsis("short", 45), "short");
        assert_eq!(ellipsis("123456", 6), "123456");
        assert_eq!(ellipsis("1234567", 6), "12345…");
        assert_eq!(ellipsis("日本語日本語", 6), "日本…");
    }
}
