/// Checkpoints and their configs, in any format, and the errors of files.
///
/// Begin with [Checkpoint] and [Config].
package glia.io;
