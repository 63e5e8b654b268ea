/// Passes of a model over sequences, for one thread at a time.
///
/// Begin with [Engine].
package glia.engine.pass;
