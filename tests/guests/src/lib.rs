//! Misbehaving plugins, one fault a file.
