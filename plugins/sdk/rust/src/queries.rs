//! Queries, without any label.

use crate::matrix::within;
use crate::{Error, Matrix, backend};

/// The queries to be routed, or those of a training set. The order of rows carries no meaning.
pub struct QuerySet<'a> {
    inner: backend::Queries<'a>,
    rows: usize,
    embedding_width: usize,
}

impl<'a> QuerySet<'a> {
    pub(crate) fn wrap(inner: backend::Queries<'a>) -> Self {
        Self { rows: inner.rows(), embedding_width: inner.embedding_width(), inner }
    }

    /// How many queries.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many numbers an embedding has; 0 when the run has none or the router's needs do not name them.
    pub fn embedding_width(&self) -> usize {
        self.embedding_width
    }

    /// The prompts of `count` rows from row `start` on, as the models got them; empty strings unless the router's needs
    /// name prompts.
    ///
    /// # Errors
    /// When there are fewer rows.
    pub fn prompts(&self, start: usize, count: usize) -> Result<Vec<String>, Error> {
        within("queries", start, count, self.rows)?;
        Ok(self.inner.prompts(start, count))
    }

    /// Length of each prompt in tokens, as far as the run knows; 0 where it does not.
    ///
    /// # Errors
    /// When there are fewer rows.
    pub fn prompt_tokens(&self, start: usize, count: usize) -> Result<Vec<u32>, Error> {
        within("queries", start, count, self.rows)?;
        Ok(self.inner.prompt_tokens(start, count))
    }

    /// The dataset of each of `count` rows from row `start` on, as the number that [`TrainingSet::groups`] gives it;
    /// zeros unless the router's needs name groups.
    ///
    /// # Errors
    /// When there are fewer rows.
    ///
    /// [`TrainingSet::groups`]: crate::TrainingSet::groups
    pub fn groups(&self, start: usize, count: usize) -> Result<Vec<u32>, Error> {
        within("queries", start, count, self.rows)?;
        Ok(self.inner.groups(start, count))
    }

    /// count x width numbers, row after row. For arithmetic on all of them, [`Self::embedding_matrix`] is far faster.
    ///
    /// # Errors
    /// When there are fewer rows.
    pub fn embeddings(&self, start: usize, count: usize) -> Result<Vec<f32>, Error> {
        within("queries", start, count, self.rows)?;
        Ok(self.inner.embeddings(start, count))
    }

    /// All embeddings as a matrix (rows x width), without a copy.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there are no embeddings.
    pub fn embedding_matrix(&self) -> Result<Matrix, Error> {
        if self.embedding_width == 0 {
            return Err(Error::unsupported("this router needs embeddings and the run has none"));
        }
        self.inner.embedding_matrix().map(Matrix::from)
    }
}
