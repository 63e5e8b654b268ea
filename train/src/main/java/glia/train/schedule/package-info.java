/// Learning-rate schedules.
///
/// Begin with [Schedule].
///
/// Sources: SGDR, https://arxiv.org/abs/1608.03983; warm-up, stable, decay, https://arxiv.org/abs/2404.06395
package glia.train.schedule;
