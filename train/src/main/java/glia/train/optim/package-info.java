/// Optimizers: AdamW, Muon, Lion, Adafactor, SGD and others.
///
/// Begin with [Optimizer] and [AdamW].
///
/// Sources: AdamW, https://arxiv.org/abs/1711.05101; Muon, https://arxiv.org/abs/2502.16982; Lion,
/// https://arxiv.org/abs/2302.06675; Adafactor, https://arxiv.org/abs/1804.04235
package glia.train.optim;
