/// The GGUF form of each family: keys, tensor names, changed values.
///
/// Begin with [StandardGguf] and [GgufKeys].
package glia.model.family.gguf;
