/// Reads what the configs of many families share: norms, rotary embedding, experts, layer types.
///
/// Begin with [Standard] and [RopeConfig].
package glia.model.family.config;
