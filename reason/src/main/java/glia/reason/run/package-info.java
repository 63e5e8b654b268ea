/// Reinforcement learning with verifiable rewards: the task `rl` of recipes.
///
/// Begin with [RlTask] and [RolloutTraining].
///
/// Sources: Tülu 3, https://arxiv.org/abs/2411.15124; DeepSeek R1, https://arxiv.org/abs/2501.12948
package glia.reason.run;
