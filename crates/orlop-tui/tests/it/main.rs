//! Keys in, pictures out.

mod scene;

use orlop_tui::{Explorer, Flow, Key};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use scene::{explorer, line_with, lines, press, typed};

/// The names of the tree, in order, as they are drawn: from the branch on.
fn files(explorer: &mut Explorer) -> Vec<String> {
    lines(explorer, 80, 24)
        .iter()
        .filter_map(|line| {
            let at = line.find(['├', '└']).or_else(|| line.find('│'))?;
            // The titles of panes have a line, too.
            let tree = line[at..].trim_end();
            (tree.contains("─ ") || tree.contains("⊕ ")).then(|| tree.to_owned())
        })
        .filter(|line| !line.contains("Details") && !line.contains("Layer"))
        .collect()
}

#[test]
fn eighty_by_twenty_four() {
    let mut explorer = explorer();
    let shown = lines(&mut explorer, 80, 24);
    let expected = include_str!("eighty_by_twenty_four.txt");
    let shown: String = shown
        .iter()
        .map(|l| format!("{}\n", l.trim_end()))
        .collect();
    assert_eq!(shown, expected, "\n{shown}");
}

#[test]
fn a_wide_terminal_has_room_for_modes_and_owners() {
    let mut explorer = explorer();
    let wide = line_with(&mut explorer, 160, 30, "passwd");
    assert!(
        wide.contains("  -rw-r--r--         0:0       10B  │   └── passwd"),
        "{wide}"
    );
    let set = line_with(&mut explorer, 160, 30, "su");
    assert!(set.contains("-rwsr-xr-x"), "{set}");
    press(&mut explorer, &[Key::Ctrl('b')]);
    let without = line_with(&mut explorer, 160, 30, "passwd");
    assert!(!without.contains("rw-r"), "{without}");
}

#[test]
fn each_layer_shows_what_it_changed() {
    let mut explorer = explorer();
    assert!(line_with(&mut explorer, 80, 24, "passwd").contains("  10B"));
    press(&mut explorer, &[Key::Down]);
    let changed = line_with(&mut explorer, 80, 24, "passwd");
    assert!(changed.contains("M      12B"), "{changed}");
    let added = line_with(&mut explorer, 80, 24, "new");
    assert!(added.contains("A      20B"), "{added}");
    press(&mut explorer, &[Key::Char('j')]);
    let removed = line_with(&mut explorer, 80, 24, "new");
    assert!(removed.contains("R      20B"), "{removed}");
    let before = line_with(&mut explorer, 80, 24, "passwd");
    assert!(
        before.contains("       12B") && !before.contains('M'),
        "{before}"
    );
    // All up to here: what came and went is gone, against the bottom layer passwd is another.
    press(&mut explorer, &[Key::Ctrl('a')]);
    let shown = lines(&mut explorer, 80, 24).join("\n");
    assert!(shown.contains("Aggregated Layer Contents"), "{shown}");
    assert!(!shown.contains(" new"), "{shown}");
    assert!(line_with(&mut explorer, 80, 24, "passwd").contains("M      12B"));
    press(&mut explorer, &[Key::Ctrl('l')]);
    assert!(lines(&mut explorer, 80, 24).join("\n").contains(" new"));
}

#[test]
fn changes_have_colours() {
    let mut explorer = explorer();
    press(&mut explorer, &[Key::Down]);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| explorer.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let colour_of = |word: &str| {
        let line = (0..24)
            .find(|y| {
                let line: String = (40..80).map(|x| buffer[(x, *y)].symbol()).collect();
                line.contains(word)
            })
            .unwrap();
        // The letter at the beginning of the pane.
        buffer[(40, line)].fg
    };
    assert_eq!(colour_of("passwd"), Color::Yellow);
    assert_eq!(colour_of("new"), Color::Green);
    assert_eq!(colour_of("su"), Color::Reset);
}

#[test]
fn directories_fold() {
    let mut explorer = explorer();
    press(&mut explorer, &[Key::Tab]);
    let all = files(&mut explorer);
    assert_eq!(all.len(), 6, "{all:?}");
    // The cursor is on the first line, /bin.
    press(&mut explorer, &[Key::Char(' ')]);
    let folded = files(&mut explorer);
    assert!(folded[0].contains("⊕ bin"), "{folded:?}");
    assert_eq!(folded.len(), 5);
    press(&mut explorer, &[Key::Right]);
    assert_eq!(files(&mut explorer), all);
    press(&mut explorer, &[Key::Ctrl(' ')]);
    assert_eq!(files(&mut explorer).len(), 3, "bin, etc and tmp");
    press(&mut explorer, &[Key::Ctrl(' ')]);
    assert_eq!(files(&mut explorer), all);
    // Left goes up from a file, and folds what it comes to.
    press(&mut explorer, &[Key::Down, Key::Left, Key::Left]);
    assert_eq!(files(&mut explorer), folded);
}

#[test]
fn kinds_of_changes_can_be_hidden() {
    let mut explorer = explorer();
    press(&mut explorer, &[Key::Down, Key::Tab, Key::Ctrl('u')]);
    let shown = files(&mut explorer).join(" ");
    assert!(shown.contains("passwd") && shown.contains("new"), "{shown}");
    assert!(!shown.contains("su"), "{shown}");
    press(&mut explorer, &[Key::Ctrl('a')]);
    assert!(!files(&mut explorer).join(" ").contains("new"));
    // Enter is what terminals send for Ctrl+M.
    press(&mut explorer, &[Key::Ctrl('a'), Key::Ctrl('u'), Key::Enter]);
    assert!(!files(&mut explorer).join(" ").contains("passwd"));
    press(&mut explorer, &[Key::Enter]);
    assert!(files(&mut explorer).join(" ").contains("passwd"));
}

#[test]
fn a_filter_is_an_expression_over_paths_or_a_text() {
    let mut explorer = explorer();
    press(&mut explorer, &[Key::Ctrl('f')]);
    typed(&mut explorer, "^/etc/.*w");
    let shown = files(&mut explorer);
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[1].contains("passwd"), "{shown:?}");
    let status = lines(&mut explorer, 80, 24).pop().unwrap();
    assert!(status.contains("Path Filter: ^/etc/.*w"), "{status}");
    // `q` is a letter there, an unfinished expression a text.
    press(&mut explorer, &[Key::Ctrl('u')]);
    typed(&mut explorer, "q[");
    assert_eq!(files(&mut explorer).len(), 0);
    press(&mut explorer, &[Key::Backspace, Key::Backspace, Key::Enter]);
    assert_eq!(files(&mut explorer).len(), 6);
    press(&mut explorer, &[Key::Char('/')]);
    typed(&mut explorer, "su");
    press(&mut explorer, &[Key::Esc]);
    assert_eq!(files(&mut explorer).len(), 6);
}

#[test]
fn the_largest_come_first_when_asked() {
    let mut explorer = explorer();
    press(&mut explorer, &[Key::Tab, Key::Ctrl('o')]);
    let shown = files(&mut explorer).join(" ");
    let at = |word: &str| shown.find(word).unwrap();
    assert!(at("etc") < at("bin"), "{shown}");
}

#[test]
fn image_details_scroll() {
    let mut explorer = explorer();
    press(&mut explorer, &[Key::Tab, Key::Tab]);
    let shown = lines(&mut explorer, 80, 24).join("\n");
    assert!(shown.contains("Image name: test:image"), "{shown}");
    assert!(shown.contains("Potential wasted space: 42B"), "{shown}");
    assert!(shown.contains("Image efficiency score: "), "{shown}");
    // On a lower terminal not all of it is seen at once.
    lines(&mut explorer, 80, 16);
    explorer.press(Key::End);
    let shown = lines(&mut explorer, 80, 16).join("\n");
    assert!(!shown.contains("Image name"), "{shown}");
    assert!(
        shown.contains("    2           22B  /etc/passwd"),
        "{shown}"
    );
}

#[test]
fn q_and_ctrl_c_end_it() {
    for key in [Key::Char('q'), Key::Ctrl('c')] {
        assert_eq!(explorer().press(key), Flow::Quit);
    }
    let mut explorer = explorer();
    press(&mut explorer, &[Key::Ctrl('f')]);
    assert_eq!(explorer.press(Key::Char('q')), Flow::Continue);
    assert_eq!(explorer.press(Key::Ctrl('c')), Flow::Quit);
}

/// However small a terminal is made, and whatever is pressed then.
#[test]
fn every_size_and_every_key() {
    let keys = [
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::PageUp,
        Key::PageDown,
        Key::Home,
        Key::End,
        Key::Enter,
        Key::Tab,
        Key::Char(' '),
        Key::Ctrl(' '),
        Key::Ctrl('a'),
        Key::Ctrl('r'),
        Key::Ctrl('u'),
        Key::Ctrl('o'),
        Key::Ctrl('b'),
        Key::Ctrl('l'),
    ];
    let mut explorer = explorer();
    for (width, height) in [
        (1, 1),
        (2, 3),
        (10, 5),
        (40, 8),
        (57, 2),
        (80, 3),
        (300, 100),
    ] {
        for _ in 0..3 {
            for key in keys {
                assert_eq!(explorer.press(key), Flow::Continue);
                lines(&mut explorer, width, height);
            }
        }
    }
    let mut empty = scene::empty();
    for key in keys {
        empty.press(key);
        lines(&mut empty, 80, 24);
    }
}

/// On a narrow terminal only one pane is there.
#[test]
fn a_narrow_terminal_has_one_pane() {
    let mut explorer = explorer();
    let shown = lines(&mut explorer, 40, 20).join("\n");
    assert!(
        shown.contains("Layers") && !shown.contains("passwd"),
        "{shown}"
    );
    press(&mut explorer, &[Key::Tab]);
    let shown = lines(&mut explorer, 40, 20).join("\n");
    assert!(
        !shown.contains("Cmp") && shown.contains("passwd"),
        "{shown}"
    );
}

#[test]
fn the_cursor_stays_on_the_screen() {
    let mut explorer = scene::many(1000);
    press(&mut explorer, &[Key::Tab, Key::End]);
    let last = line_with(&mut explorer, 80, 24, "file-0999");
    assert!(!last.is_empty());
    press(&mut explorer, &[Key::PageUp]);
    assert!(line_with(&mut explorer, 80, 24, "file-0979").contains("file"));
    press(&mut explorer, &[Key::Home]);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| explorer.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let reversed = buffer
        .content()
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.modifier.contains(Modifier::REVERSED) && cell.symbol() == "f");
    let lines: Vec<usize> = reversed.map(|(at, _)| at / 80).collect();
    assert!(
        lines.contains(&2),
        "the first file has the cursor: {lines:?}"
    );
}

/// Names and instructions are written by others.
#[test]
fn nothing_in_an_image_reaches_the_terminal_as_it_is() {
    let mut explorer = scene::hostile();
    for _ in 0..3 {
        press(&mut explorer, &[Key::Tab]);
        for line in lines(&mut explorer, 120, 30) {
            assert!(!line.chars().any(char::is_control), "{line:?}");
            assert!(!line.contains('\u{202e}'), "{line:?}");
        }
    }
}
