/// Writes models as GGUF or in the Hugging Face layout, and quantizes them.
///
/// Begin with [ModelWriter] and [GgufModelWriter].
package glia.model.write;
