//! The default model, compiled in. Nothing else lives here, so that a change elsewhere seldom moves 80 MB through the
//! compiler.

/// `(file name, content)` of every file of the default model.
pub(super) static FILES: [(&str, &[u8]); 5] = [
    ("manifest.toml", include_bytes!("../../models/multilingual-e5-small/manifest.toml")),
    ("encoder.gguf", include_bytes!("../../models/multilingual-e5-small/encoder.gguf")),
    ("vocabulary.bin", include_bytes!("../../models/multilingual-e5-small/vocabulary.bin")),
    ("cross-encoder.gguf", include_bytes!("../../models/multilingual-e5-small/cross-encoder.gguf")),
    ("query-encoder.gguf", include_bytes!("../../models/multilingual-e5-small/query-encoder.gguf")),
];

/// The licence notice that has to travel with the files.
pub(super) static NOTICE: &str = include_str!("../../models/multilingual-e5-small/NOTICE");
