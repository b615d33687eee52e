//! The content-addressed store: blobs, metadata, names, leases, garbage collection
