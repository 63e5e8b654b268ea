/// Balance of experts in training: losses of routers, updates of biases.
///
/// Begin with [ExpertTraining].
package glia.train.expert;
