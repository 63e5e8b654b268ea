/// Loss and gradients of a batch of texts.
///
/// Begin with [TrainingPass] and [TrainingOptions].
package glia.engine.training;
