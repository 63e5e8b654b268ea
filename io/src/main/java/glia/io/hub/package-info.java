/// The Hugging Face hub, its cache and Glia's own, and the default model.
///
/// Begin with [ModelLocator] and [HubClient].
package glia.io.hub;
