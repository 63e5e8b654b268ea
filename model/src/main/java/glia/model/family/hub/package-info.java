/// The tensor names of families in the Hugging Face layout.
///
/// Begin with [StandardNames].
package glia.model.family.hub;
