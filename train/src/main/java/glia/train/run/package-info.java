/// The training loop: steps, objectives, listeners.
///
/// Begin with [Trainer] and [Objective].
package glia.train.run;
