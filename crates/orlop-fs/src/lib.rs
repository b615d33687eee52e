//! A file tree below a root: safe lookup, unpacking, comparing, removing
