/// Opens a path as the checkpoint that it is.
///
/// Begin with [Checkpoints].
package glia.io.load;
