/// Quantized checkpoints of the Hugging Face hub, read as they are stored.
///
/// Begin with [Packings] and [Grouped].
///
/// Sources: GPTQ, https://arxiv.org/abs/2210.17323; AWQ, https://arxiv.org/abs/2306.00978
package glia.model.quant;
