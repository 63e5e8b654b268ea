/// Adapters on the weights of a model: LoRA, rsLoRA, DoRA; folders in PEFT's layout.
///
/// Begin with [Adapters] and [AdaptedModel].
///
/// Sources: LoRA, https://arxiv.org/abs/2106.09685; rsLoRA, https://arxiv.org/abs/2312.03732; DoRA,
/// https://arxiv.org/abs/2402.09353
package glia.model.adapter;
