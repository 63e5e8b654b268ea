/// Training data: texts, chats and pairs, packing, mixtures, splits.
///
/// Begin with [DataSource] and [RowStream].
package glia.train.data;
