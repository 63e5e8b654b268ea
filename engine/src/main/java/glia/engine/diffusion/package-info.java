/// Text diffusion: samplers that denoise a canvas of tokens in steps, by masks
/// ([LLaDA](https://arxiv.org/abs/2502.09992), [Dream](https://arxiv.org/abs/2508.15487)) or with uniform noise.
///
/// Begin with [Denoiser] and [DiffusionOptions].
package glia.engine.diffusion;
