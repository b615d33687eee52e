//! How the answers of the use-cases look: rows, trees and objects. Pure: data in, text out.

pub mod advisories;
pub mod cves;
pub mod disk_usage;
pub mod dive_json;
pub mod dive_report;
pub mod file_words;
pub mod history;
pub mod history_files;
pub mod image_config;
pub mod image_diff;
pub mod image_rows;
pub mod image_tree;
pub mod imagetools;
pub mod inspect;
pub mod official_rows;
pub mod prune_plan;
pub mod quickview;
pub mod removals;
pub mod repair;
pub mod search_rows;
pub mod tag_log;
pub mod verdicts;
pub mod why_tree;
