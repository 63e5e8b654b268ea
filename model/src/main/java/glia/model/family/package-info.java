/// A file for each model family: how its config becomes a specification.
///
/// Begin with [Families] and [Llama].
package glia.model.family;
