/// Reference cases of optimizers, distillation, adapters, reward models and whole training runs.
///
/// Begin with [OptimCases] and [TrainingRun].
package glia.check.training;
