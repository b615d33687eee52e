//! The members of a gzip file (RFC 1952).

use std::io::{self, Read};

use crc32fast::Hasher;

use crate::InflateError;
use crate::blocks::Blocks;
use crate::input::Input;
use crate::window::Window;

/// Flags of a header (section 2.3.1).
const HEADER_CHECKSUM: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
/// Flags that mean nothing yet.
const RESERVED: u8 = 0b1110_0000;

/// The plain view of a gzip file of any number of members, one after the other, with nothing behind the last.
///
/// What is read was compared with its checksum only once the end was reached: damage may be told after bytes
/// that it had spoilt.
pub struct GzipDecoder<R> {
    input: Input<R>,
    blocks: Blocks,
    window: Window,
    state: State,
    checksum: Hasher,
    length: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before a member.
    Header,
    /// In a member's blocks.
    Blocks,
    /// Behind the last member.
    Ended,
    /// Behind an error: what comes after it means nothing.
    Failed,
}

impl<R: Read> GzipDecoder<R> {
    /// Reads from `reader`, which needs no buffer of its own.
    pub fn new(reader: R) -> Self {
        Self {
            input: Input::new(reader),
            blocks: Blocks::new(),
            window: Window::new(),
            state: State::Header,
            checksum: Hasher::new(),
            length: 0,
        }
    }

    /// The compressed source. Bytes that it has given may still wait in a buffer here.
    pub fn get_ref(&self) -> &R {
        self.input.get_ref()
    }

    /// Makes more plain; nothing is made at the end.
    fn advance(&mut self) -> io::Result<()> {
        match self.state {
            State::Ended => Ok(()),
            State::Failed => Err(io::Error::other("an error was told before")),
            State::Header => {
                self.header()?;
                self.window.begin_member();
                self.checksum = Hasher::new();
                self.length = 0;
                self.state = State::Blocks;
                Ok(())
            }
            State::Blocks => {
                let before = self.window.end;
                let is_ended = self.blocks.decode(&mut self.input, &mut self.window)?;
                let made = self.window.since(before);
                self.checksum.update(made);
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "the length is told modulo 2^32"
                )]
                let count = made.len() as u32;
                self.length = self.length.wrapping_add(count);
                if is_ended {
                    self.trailer()?;
                }
                Ok(())
            }
        }
    }

    fn header(&mut self) -> io::Result<()> {
        let mut header = Header {
            input: &mut self.input,
            checksum: Hasher::new(),
        };
        let mut fixed = [0; 10];
        for byte in &mut fixed {
            *byte = header.byte()?;
        }
        let [0x1f, 0x8b, 8, flags, ..] = fixed else {
            return Err(InflateError::Header.into());
        };
        if flags & RESERVED != 0 {
            return Err(InflateError::Header.into());
        }
        if flags & EXTRA != 0 {
            let length = u16::from_le_bytes([header.byte()?, header.byte()?]);
            for _ in 0..length {
                header.byte()?;
            }
        }
        for text in [NAME, COMMENT] {
            if flags & text != 0 {
                while header.byte()? != 0 {}
            }
        }
        if flags & HEADER_CHECKSUM != 0 {
            let checksum = header.checksum.clone().finalize();
            let said = u16::from_le_bytes([header.byte()?, header.byte()?]);
            if u32::from(said) != checksum & 0xffff {
                return Err(InflateError::HeaderChecksum.into());
            }
        }
        Ok(())
    }

    fn trailer(&mut self) -> io::Result<()> {
        self.input.align();
        let mut word = || -> io::Result<u32> {
            let mut bytes = [0; 4];
            for byte in &mut bytes {
                *byte = self.input.byte()?;
            }
            Ok(u32::from_le_bytes(bytes))
        };
        let (checksum, length) = (word()?, word()?);
        if checksum != self.checksum.clone().finalize() {
            return Err(InflateError::Checksum.into());
        }
        if length != self.length {
            return Err(InflateError::Length.into());
        }
        self.state = match self.input.is_at_end()? {
            true => State::Ended,
            false => State::Header,
        };
        Ok(())
    }
}

/// The bytes of a header, with what they sum up to.
struct Header<'a, R> {
    input: &'a mut Input<R>,
    checksum: Hasher,
}

impl<R: Read> Header<'_, R> {
    fn byte(&mut self) -> io::Result<u8> {
        let byte = self.input.byte()?;
        self.checksum.update(&[byte]);
        Ok(byte)
    }
}

impl<R: Read> Read for GzipDecoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.window.unread().is_empty() && self.state != State::Ended {
            if buffer.is_empty() {
                return Ok(0);
            }
            self.window.make_room();
            if let Err(error) = self.advance() {
                self.state = State::Failed;
                return Err(error);
            }
        }
        let unread = self.window.unread();
        let count = unread.len().min(buffer.len());
        buffer[..count].copy_from_slice(&unread[..count]);
        self.window.consume(count);
        Ok(count)
    }
}

impl<R> std::fmt::Debug for GzipDecoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GzipDecoder")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
