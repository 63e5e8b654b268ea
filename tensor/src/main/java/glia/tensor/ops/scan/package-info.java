/// Recurrences and convolutions over the sequence: Mamba, gated delta rule, linear attention.
///
/// Begin with [SelectiveScan], [GatedDelta] and [StateSpaceScan].
///
/// Sources: Mamba, https://arxiv.org/abs/2312.00752; Mamba 2, https://arxiv.org/abs/2405.21060; gated delta networks,
/// https://arxiv.org/abs/2412.06464
package glia.tensor.ops.scan;
