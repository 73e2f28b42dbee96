//! Lists of many rows, of which only those on screen are in the document.

pub mod virtual_list;
pub mod window;

pub use virtual_list::VirtualList;
