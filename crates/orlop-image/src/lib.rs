//! The use-cases of images: pull, push, list, inspect, history, tag, remove, prune
