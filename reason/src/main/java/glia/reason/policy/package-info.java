/// Policy optimization: objectives, aggregation over tokens, KL and entropy terms, methods by name.
///
/// Begin with [PolicyObjective] and [PolicyMethod].
///
/// Sources: PPO, https://arxiv.org/abs/1707.06347; GRPO, https://arxiv.org/abs/2402.03300; DAPO,
/// https://arxiv.org/abs/2503.14476
package glia.reason.policy;
