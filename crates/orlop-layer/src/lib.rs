//! A layer as bytes: compression, digests, tar entries, whiteouts
