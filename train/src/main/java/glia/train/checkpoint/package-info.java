/// Checkpoints of a training run: save and resume.
///
/// Begin with [CheckpointStore].
package glia.train.checkpoint;
