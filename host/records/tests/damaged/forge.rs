//! Parquet files made byte by byte, so that any of their numbers can be a lie.
//!
//! What is made is a table `answer_embeddings` of three rows: three columns of text and one of lists, uncompressed.

/// A value in Thrift's compact protocol, in which Parquet's footers and page headers are written.
pub(crate) enum Thrift {
    I32(i64),
    I64(i64),
    Text(String),
    Struct(Vec<(u8, Thrift)>),
    Structs(Vec<Thrift>),
    Numbers(Vec<i64>),
    Texts(Vec<String>),
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 128 {
        out.push((value & 127) as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}

fn signed(value: i64, out: &mut Vec<u8>) {
    varint(((value << 1) ^ (value >> 63)).cast_unsigned(), out);
}

fn text(value: &str, out: &mut Vec<u8>) {
    varint(value.len() as u64, out);
    out.extend_from_slice(value.as_bytes());
}

fn list(kind: u8, count: usize, out: &mut Vec<u8>) {
    out.push(0xf0 | kind);
    varint(count as u64, out);
}

impl Thrift {
    fn kind(&self) -> u8 {
        match self {
            Self::I32(_) => 5,
            Self::I64(_) => 6,
            Self::Text(_) => 8,
            Self::Struct(_) => 12,
            Self::Structs(_) | Self::Numbers(_) | Self::Texts(_) => 9,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::I32(value) | Self::I64(value) => signed(*value, out),
            Self::Text(value) => text(value, out),
            Self::Struct(fields) => {
                let mut last = 0;
                for (id, value) in fields {
                    out.push((id - last) << 4 | value.kind());
                    value.write(out);
                    last = *id;
                }
                out.push(0);
            }
            Self::Structs(items) => {
                list(12, items.len(), out);
                items.iter().for_each(|item| item.write(out));
            }
            Self::Numbers(items) => {
                list(5, items.len(), out);
                items.iter().for_each(|item| signed(*item, out));
            }
            Self::Texts(items) => {
                list(8, items.len(), out);
                items.iter().for_each(|item| text(item, out));
            }
        }
    }
}

/// Numbers of the format's enumerations.
pub(crate) const PLAIN: i64 = 0;
pub(crate) const RLE_DICTIONARY: i64 = 8;
const RLE: i64 = 3;
const FLOAT: i64 = 4;
const BYTE_ARRAY: i64 = 6;
const REQUIRED: i64 = 0;
const REPEATED: i64 = 2;
const UTF8: i64 = 0;
const LIST: i64 = 3;

/// A page and what its header says of it.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) values: i64,
    pub(crate) encoding: i64,
    pub(crate) body: Vec<u8>,
    /// The sizes that the header claims; the true one where there is none.
    pub(crate) uncompressed: Option<i64>,
    pub(crate) compressed: Option<i64>,
}

impl Page {
    pub(crate) fn new(values: i64, body: Vec<u8>) -> Self {
        Self { values, encoding: PLAIN, body, uncompressed: None, compressed: None }
    }

    fn write(&self, dictionary: bool, out: &mut Vec<u8>) {
        let size = self.body.len() as i64;
        let about = if dictionary {
            (7, Thrift::Struct(vec![(1, Thrift::I32(self.values)), (2, Thrift::I32(self.encoding))]))
        } else {
            let fields = vec![
                (1, Thrift::I32(self.values)),
                (2, Thrift::I32(self.encoding)),
                (3, Thrift::I32(RLE)),
                (4, Thrift::I32(RLE)),
            ];
            (5, Thrift::Struct(fields))
        };
        let header = Thrift::Struct(vec![
            (1, Thrift::I32(if dictionary { 2 } else { 0 })),
            (2, Thrift::I32(self.uncompressed.unwrap_or(size))),
            (3, Thrift::I32(self.compressed.unwrap_or(size))),
            about,
        ]);
        header.write(out);
        out.extend_from_slice(&self.body);
    }
}

/// A column chunk and what the footer says of it.
#[derive(Clone)]
pub(crate) struct Chunk {
    pub(crate) path: Vec<&'static str>,
    pub(crate) physical: i64,
    pub(crate) codec: i64,
    pub(crate) dictionary: Option<Page>,
    pub(crate) pages: Vec<Page>,
    pub(crate) values: i64,
    /// What the footer claims; the truth where there is none.
    pub(crate) size: Option<i64>,
    pub(crate) data_offset: Option<i64>,
    pub(crate) dictionary_offset: Option<i64>,
    pub(crate) null_count: Option<i64>,
}

/// A file.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) rows: i64,
    pub(crate) group_rows: i64,
    pub(crate) schema: Vec<Element>,
}

/// An element of the schema: numbers of the format's enumerations, and how many children it has.
#[derive(Clone, Default)]
pub(crate) struct Element {
    pub(crate) name: &'static str,
    pub(crate) physical: Option<i64>,
    pub(crate) repetition: Option<i64>,
    pub(crate) children: Option<i64>,
    pub(crate) converted: Option<i64>,
}

/// Texts as the plain encoding has them.
pub(crate) fn plain_texts(texts: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for text in texts {
        body.extend_from_slice(&(text.len() as u32).to_le_bytes());
        body.extend_from_slice(text.as_bytes());
    }
    body
}

/// Levels of one bit in one bit-packed run, with their length before them.
pub(crate) fn levels(bits: &[u8]) -> Vec<u8> {
    let groups = bits.len().div_ceil(8);
    let mut run = vec![(groups as u8) << 1 | 1];
    run.extend(bits.chunks(8).map(|eight| eight.iter().rev().fold(0, |byte, bit| byte << 1 | bit)));
    [(run.len() as u32).to_le_bytes().to_vec(), run].concat()
}

/// A page of lists: repetition levels, definition levels, numbers.
pub(crate) fn list_page(repetition: &[u8], definition: &[u8], numbers: &[f32]) -> Vec<u8> {
    let numbers = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    [levels(repetition), levels(definition), numbers].concat()
}

impl Forge {
    /// A file without a lie.
    pub(crate) fn honest() -> Self {
        let texts = |name: &'static str, texts: [&str; 3]| Chunk {
            path: vec![name],
            physical: BYTE_ARRAY,
            codec: 0,
            dictionary: None,
            pages: vec![Page::new(3, plain_texts(&texts))],
            values: 3,
            size: None,
            data_offset: None,
            dictionary_offset: None,
            null_count: None,
        };
        let lists = list_page(&[0, 1, 0, 1, 0, 1], &[1; 6], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let embedding = Chunk {
            path: vec!["embedding", "list", "element"],
            physical: FLOAT,
            pages: vec![Page::new(6, lists)],
            values: 6,
            ..texts("", [""; 3])
        };
        let any = Element::default;
        let column = |name| Element {
            name,
            physical: Some(BYTE_ARRAY),
            repetition: Some(REQUIRED),
            converted: Some(UTF8),
            ..any()
        };
        Self {
            chunks: vec![
                texts("query_id", ["d/test/1", "d/test/2", "d/test/3"]),
                texts("model", ["m"; 3]),
                texts("encoder", ["e"; 3]),
                embedding,
            ],
            rows: 3,
            group_rows: 3,
            schema: vec![
                Element { name: "schema", children: Some(4), ..any() },
                column("query_id"),
                column("model"),
                column("encoder"),
                Element {
                    name: "embedding",
                    repetition: Some(REQUIRED),
                    children: Some(1),
                    converted: Some(LIST),
                    ..any()
                },
                Element { name: "list", repetition: Some(REPEATED), children: Some(1), ..any() },
                Element { name: "element", physical: Some(FLOAT), repetition: Some(REQUIRED), ..any() },
            ],
        }
    }

    /// The file's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = b"PAR1".to_vec();
        let mut columns = Vec::new();
        for chunk in &self.chunks {
            let start = out.len() as i64;
            if let Some(page) = &chunk.dictionary {
                page.write(true, &mut out);
            }
            let data = out.len() as i64;
            chunk.pages.iter().for_each(|page| page.write(false, &mut out));
            let size = chunk.size.unwrap_or(out.len() as i64 - start);
            let mut about = vec![
                (1, Thrift::I32(chunk.physical)),
                (2, Thrift::Numbers(vec![PLAIN, RLE, RLE_DICTIONARY])),
                (3, Thrift::Texts(chunk.path.iter().map(|part| (*part).to_owned()).collect())),
                (4, Thrift::I32(chunk.codec)),
                (5, Thrift::I64(chunk.values)),
                (6, Thrift::I64(size)),
                (7, Thrift::I64(size)),
                (9, Thrift::I64(chunk.data_offset.unwrap_or(data))),
            ];
            if let Some(offset) = chunk.dictionary_offset.or(chunk.dictionary.as_ref().map(|_| start)) {
                about.push((11, Thrift::I64(offset)));
            }
            if let Some(nulls) = chunk.null_count {
                about.push((12, Thrift::Struct(vec![(3, Thrift::I64(nulls))])));
            }
            columns.push(Thrift::Struct(vec![(2, Thrift::I64(start)), (3, Thrift::Struct(about))]));
        }
        let elements = self.schema.iter().map(|element| {
            let number = |id, value: Option<i64>| value.map(|it| (id, Thrift::I32(it)));
            let fields = [
                number(1, element.physical),
                number(3, element.repetition),
                Some((4, Thrift::Text(element.name.to_owned()))),
                number(5, element.children),
                number(6, element.converted),
            ];
            Thrift::Struct(fields.into_iter().flatten().collect())
        });
        let group = vec![(1, Thrift::Structs(columns)), (2, Thrift::I64(0)), (3, Thrift::I64(self.group_rows))];
        let footer = Thrift::Struct(vec![
            (1, Thrift::I32(1)),
            (2, Thrift::Structs(elements.collect())),
            (3, Thrift::I64(self.rows)),
            (4, Thrift::Structs(vec![Thrift::Struct(group)])),
        ]);
        let start = out.len();
        footer.write(&mut out);
        let length = (out.len() - start) as u32;
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(b"PAR1");
        out
    }
}
