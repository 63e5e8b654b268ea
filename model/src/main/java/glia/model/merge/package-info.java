/// Merges adapters into models, and several models into one.
///
/// Begin with [ModelMerge].
///
/// Sources: TIES, https://arxiv.org/abs/2306.01708; model soups, https://arxiv.org/abs/2203.05482
package glia.model.merge;
