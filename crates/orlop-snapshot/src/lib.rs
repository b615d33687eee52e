//! Storage drivers that stack unpacked layers: overlay2 and vfs
