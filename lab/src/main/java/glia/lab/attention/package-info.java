/// Attention maps and saliency of tokens.
///
/// Begin with [AttentionMaps] and [GradientSaliency].
package glia.lab.attention;
