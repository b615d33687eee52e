//! Events as JSON, an object a line, on standard error.

use orlop_image::event::Event;

use crate::printer::Printer;

/// Prints one.
pub(super) fn emit(printer: &Printer, event: &Event) {
    // All fields of an event can be written; a failure would be a missing line, not a wrong one.
    if let Ok(line) = serde_json::to_string(event) {
        printer.note(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::{Look, captured};
    use orlop_image::event::{BlobState, Work};
    use orlop_oci::Digest;

    #[test]
    fn work_is_an_event() {
        let (printer, _, err) = captured::printer(Look::default());
        let reading = Work {
            what: "Reading",
            done: 1,
            total: Some(2),
            unit: "blobs",
            bytes: 3,
            ..Work::default()
        };
        emit(&printer, &Event::Work(reading));
        assert_eq!(
            err.text(),
            "{\"event\":\"work\",\"what\":\"Reading\",\"done\":1,\"total\":2,\"unit\":\"blobs\",\"bytes\":3}\n"
        );
    }

    #[test]
    fn an_object_a_line() {
        let (printer, out, err) = captured::printer(Look::default());
        let digest = Digest::of(b"x");
        emit(
            &printer,
            &Event::Blob {
                digest: digest.clone(),
                layer: true,
                state: BlobState::Downloading {
                    current: 1,
                    total: 2,
                },
            },
        );
        emit(
            &printer,
            &Event::Note {
                text: "a \"note\"".into(),
            },
        );
        assert_eq!(out.text(), "");
        assert_eq!(
            err.text(),
            format!(
                "{{\"event\":\"blob\",\"digest\":\"{digest}\",\"layer\":true,\"state\":\"downloading\",\"current\":1,\"total\":2}}\n\
                 {{\"event\":\"note\",\"text\":\"a \\\"note\\\"\"}}\n"
            )
        );
    }
}
