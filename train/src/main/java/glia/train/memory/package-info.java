/// Predicts the memory of training steps.
///
/// Begin with [TrainingMemory].
package glia.train.memory;
