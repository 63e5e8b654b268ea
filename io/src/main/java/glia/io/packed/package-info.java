/// Weights in the layout of the kernels, kept for the next start.
///
/// Begin with [PackedFolder].
package glia.io.packed;
